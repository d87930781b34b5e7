import { randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent, NO_STREAM, type JSONEventType, type JSONType } from '@eventstore/db-client';
import { CONNECTIONS } from '../sizes.js';
import { answer } from './answering.js';

const client = EventStoreDBClient.connectionString(process.env['LOG_URL']!);
const sample = JSON.parse(process.env['SAMPLE_EVENT']!) as JSONEventType<string, JSONType, JSONType>;
const milliseconds = Number(process.env['SECONDS']) * 1000;

/** Events of the bytes of a recorded opt-in, each to a new stream whose name is as long as a contact's. */
async function appendForAWhile(): Promise<number> {
  const startedAt = performance.now();
  let appended = 0;
  const append = async () => {
    while (performance.now() - startedAt < milliseconds) {
      const stream = `raw-${randomUUID().slice(0, 30)}`;
      await client.appendToStream(stream, jsonEvent(sample), { expectedRevision: NO_STREAM });
      appended += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, append));
  return appended / ((performance.now() - startedAt) / 1000);
}

answer({}, { measure: async () => ({ perSecond: await appendForAWhile() }) });
