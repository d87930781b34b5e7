import type { EventStoreDb, EventStoreDbOptions } from './eventstoredb-event-store.js';

/**
 * The log on EventStoreDB or KurrentDB. Its client is loaded now: a process whose log is a file does without. Rejects with
 * `UnusableConnectionString`; whether the server is there shows when it is first asked.
 */
export async function openEventStoreDb(options: EventStoreDbOptions): Promise<EventStoreDb> {
  const { createEventStoreDb } = await import('./eventstoredb-event-store.js');
  return createEventStoreDb(options);
}
