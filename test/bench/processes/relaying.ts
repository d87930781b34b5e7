import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { openLedger } from '@consent-ledger/application';
import {
  openKafkaBroker,
  Relay,
  topicSettings,
  topicsOf,
  type MessageBroker,
  type Topics,
} from '@consent-ledger/messaging';
import { newId, readConfiguration, silentLogger } from '@consent-ledger/platform';
import { knownContacts } from '../../../apps/worker/src/kafka/known-contacts.js';
import { answer } from './answering.js';

/** What a worker relays with, over a log of its own in `DATA_DIR`. */
const configuration = readConfiguration(process.env);
const ledger = await openLedger({ configuration, logger: silentLogger, publicUrl: 'http://127.0.0.1' });
await ledger.start();
const kafka = openKafkaBroker({ brokers: process.env['BROKERS']!.split(',') });

/** Resolves to the milliseconds from the beginning of its turn until all facts are published. */
async function relayAll(broker: MessageBroker, topics: Topics, facts: number): Promise<number> {
  const { store, policies, preferences, clock, logger } = ledger;
  const contacts = knownContacts(preferences);
  const findDelivery = (deliveryId: string) => ledger.mailings.view.delivery(deliveryId);
  const name = topics.relay;
  let [startedAt, published] = [0, 0];
  let settle: (took: number) => void;
  const done = new Promise<number>((resolve) => (settle = resolve));
  const watched: MessageBroker = {
    ...broker,
    takeTurns: (name, work, signal) =>
      broker.takeTurns(
        name,
        (turn) => {
          startedAt = performance.now();
          return work({
            ...turn,
            publish: async (batches, note) => {
              await turn.publish(batches, note);
              published += batches.find(({ topic }) => topic === topics.events)?.messages.length ?? 0;
              if (published >= facts) settle(performance.now() - startedAt);
            },
          });
        },
        signal,
      ),
  };
  const relay = new Relay({ broker: watched, topics, name, store, contacts, findDelivery, policies, clock, logger });
  relay.start();
  const took = await done;
  await relay.stop();
  return took;
}

async function relayToKafka(): Promise<number> {
  const topics = topicsOf(`ours-${newId()}.`);
  await kafka.ensureTopics(topicSettings(topics));
  return relayAll(kafka, topics, Number(process.env['FACTS']));
}

/** Writes what the relay publishes to a file, one transaction a line, without a broker. */
async function record(): Promise<void> {
  const file = createWriteStream(process.env['MESSAGES']!);
  const recording: MessageBroker = {
    ...kafka,
    takeTurns: ({ topic }, work, signal) =>
      work({
        note: undefined,
        signal,
        publish: async (batches, note) => {
          const transaction = [...batches, { topic, messages: [{ key: 'note', value: note }] }];
          if (!file.write(`${JSON.stringify(transaction)}\n`)) await once(file, 'drain');
        },
      }),
  };
  await relayAll(recording, topicsOf(), Number(process.env['FACTS']));
  await new Promise<void>((resolve) => file.end(resolve));
}

await record();

answer({}, { relay: async () => ({ milliseconds: await relayToKafka() }) });
