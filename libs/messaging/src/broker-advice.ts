import type { BrokerRefusal, BrokerState, MessageBroker } from './message-broker.js';

/** What there is to do while a broker is not reached. */
const advice: Readonly<Record<Exclude<BrokerState, 'connected'>, string>> = {
  connecting: 'the broker does not answer: what is published and taken waits',
  away: 'the broker does not answer: what is published and taken waits',
  'hangs-up': 'the broker ends the connection: KAFKA_TLS and KAFKA_SASL_MECHANISM must be what its listener asks for',
  'login-refused': 'the broker refuses the log-in: check KAFKA_SASL_MECHANISM, KAFKA_USERNAME and KAFKA_PASSWORD',
  'certificate-refused':
    "the broker's certificate is not trusted: KAFKA_CA_PATH must name the authority that signed it, and KAFKA_BROKERS names that stand in it",
};

const RIGHTS = 'give KAFKA_USERNAME the rights that docs/how-to/publish-to-kafka.md lists';

/** What is wrong between this service and a broker and what to do about it, in words; `undefined` where nothing is. */
export function brokerTrouble(broker: Pick<MessageBroker, 'state' | 'refusals'>): string | undefined {
  const state = broker.state();
  if (state !== 'connected') return stateAdvice(state);
  const refusals = broker.refusals().map(refusalAdvice);
  return refusals.length > 0 ? refusals.join('; ') : undefined;
}

/** What to do about a broker that is not reached. */
export function stateAdvice(state: Exclude<BrokerState, 'connected'>): string {
  return advice[state];
}

/** What to do about something that a broker does not do. */
export function refusalAdvice({ what, code }: BrokerRefusal): string {
  if (code.endsWith('_AUTHORIZATION_FAILED')) return `${what}: the broker does not permit it (${code}); ${RIGHTS}`;
  if (code === 'COORDINATOR_NOT_FOUND')
    return `${what}: the cluster names no coordinator; if that lasts, it does not permit it: ${RIGHTS}`;
  if (code === 'UNKNOWN_TOPIC_OR_PARTITION') return `${what}: the topic is not there; make it`;
  if (code === 'MESSAGE_TOO_LARGE' || code === 'RECORD_LIST_TOO_LARGE')
    return `${what}: a message is larger than the topic takes (${code}); set its max.message.bytes to a mebibyte at least`;
  if (code === 'NOT_COMPACTED')
    return `${what}: somebody has made it with another cleanup.policy; set compact, or verdicts are lost from it`;
  return `${what}: the broker refuses it with ${code}`;
}
