import { openKafkaBroker, topicSettings, topicsOf } from '@consent-ledger/messaging';
import { createTestLedger } from '@consent-ledger/testing';
import { CommandBus } from '@nestjs/cqrs';
import { requestsOf } from '../../apps/worker/src/kafka/open-exchange.js';
import { createWire, newPrefix } from '../services/kafka/wire.js';

/** The log does not answer. */
export class EventStoreAway extends Error {
  readonly code = 'LOG_UNAVAILABLE';
}

/** A ledger that takes requests from topics of its own, and what another program sends and sees. */
export async function takingRequests(brokers: readonly string[], closing: (() => Promise<void>)[]) {
  const ledger = await createTestLedger();
  const prefix = newPrefix();
  const topics = topicsOf(prefix);
  const wire = createWire(brokers);
  const broker = openKafkaBroker({ brokers });
  closing.push(
    () => broker.close(),
    () => wire.close(),
  );
  await broker.ensureTopics(topicSettings(topics));
  return {
    ledger,
    topics,
    wire,
    send: (messages: readonly (readonly [key: string, body: unknown])[]) =>
      wire.send(
        topics.requests,
        messages.map(([key, body]) => ({ key, value: typeof body === 'string' ? body : JSON.stringify(body) })),
      ),
    start() {
      const commands = ledger.app.get(CommandBus);
      const intake = requestsOf(ledger, { broker, topics, prefix }, { commands });
      intake.start();
      closing.push(() => intake.stop());
      return intake;
    },
  };
}
