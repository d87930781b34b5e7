import {
  createMemoryEventStore,
  NO_STREAM,
  START,
  type EventStore,
  type RecordedEvent,
} from '@consent-ledger/event-store';
import { newId } from '@consent-ledger/platform';
import { openReadModels, Processor, type Projection } from '@consent-ledger/projections';
import { createRecordingLogger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { catchUp } from './catch-up.js';

/** Positions count bytes on some logs. */
const GAP = 1_000;

describe('catching up with the log', () => {
  it.each([
    ['follows a few events, however far apart their positions are', 30, false],
    ['builds all in one go where many events are to be handled', 20_000, true],
  ])('%s', async (_, count, inOneGo) => {
    const store = await logOf(count);
    const readModels = openReadModels(':memory:');
    const large = projection('large');
    const gathered: number[] = [];
    large.gather = () => ({
      add: (events) => void gathered.push(events.length),
      write: () => undefined,
      get size() {
        return gathered.length;
      },
    });
    const small = projection('small');
    const processor = new Processor({ store, readModels, projections: [large, small] });
    const logger = createRecordingLogger();
    await catchUp({ store, readModels, processor, logger }, [large, small]);
    expect(processor.position).toBe((count - 1) * GAP);
    expect(gathered.length > 0).toBe(inOneGo);
    await processor.stop();
    readModels.close();
    await store.close();
  });
});

function projection(name: string): Projection {
  return { name, version: 1, handle: () => undefined, clear: () => undefined };
}

async function logOf(count: number): Promise<EventStore> {
  const store = createMemoryEventStore();
  const events = Array.from({ length: count }, () => ({ id: newId(), type: 'Told', data: {}, metadata: {} }));
  await store.append('contact-a', NO_STREAM, events);
  const within = (position: number) => (position === START ? START : position / GAP);
  const apart = (event: RecordedEvent) => ({ ...event, position: event.position * GAP });
  return {
    ...store,
    head: async () => (await store.head()) * GAP,
    readAll: async (after, limit) => (await store.readAll(within(after), limit)).map(apart),
    readAt: async (position) => store.readAt(within(position)).then((event) => event && apart(event)),
    async *subscribe(after, options) {
      for await (const batch of store.subscribe(within(after), options))
        yield { ...batch, events: batch.events.map(apart) };
    },
  };
}
