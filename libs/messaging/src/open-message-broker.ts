import { readFileSync } from 'node:fs';
import type { Configuration } from '@consent-ledger/platform';
import { openKafkaBroker } from './kafka/kafka-broker.js';
import type { BrokerListener, MessageBroker } from './message-broker.js';

/** The broker that the configuration names; `undefined` where it names none. Throws when a certificate cannot be read. */
export function openMessageBroker(
  configuration: Configuration,
  listener: BrokerListener = {},
): MessageBroker | undefined {
  const { KAFKA_BROKERS: brokers, KAFKA_TLS, KAFKA_CA_PATH: ca } = configuration;
  if (brokers === undefined) return undefined;
  const tls = ca === undefined ? true : { ca: readFileSync(ca, 'utf8') };
  const sasl = loginOf(configuration);
  return openKafkaBroker({
    brokers: brokers.split(','),
    ...(KAFKA_TLS === 'on' && { tls }),
    ...(sasl && { sasl }),
    ...listener,
  });
}

function loginOf({ KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME, KAFKA_PASSWORD }: Configuration) {
  if (mechanism === undefined || KAFKA_USERNAME === undefined || KAFKA_PASSWORD === undefined) return undefined;
  return { mechanism, username: KAFKA_USERNAME, password: KAFKA_PASSWORD };
}
