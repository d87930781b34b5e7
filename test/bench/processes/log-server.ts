import Database from 'better-sqlite3';
import { startEventStoreDbServer } from '../../../libs/testing/src/eventstoredb/start-server.js';
import { answer } from './answering.js';

type SeededRow = [stream: string, id: string, type: string, data: string, metadata: string];

/** Stands in for EventStoreDB, and holds the events of a log file from the start. */
const server = await startEventStoreDbServer();
const seeded = new Database(process.env['SEEDED'], { readonly: true });
const rows = seeded.prepare<[], SeededRow>('SELECT stream_id, id, type, data, metadata FROM events ORDER BY position');
for (const [stream, id, type, data, metadata] of rows.raw().iterate())
  server.log.append(stream, 'any', [
    { id, type, contentType: 'application/json', data: Buffer.from(data), metadata: Buffer.from(metadata) },
  ]);
seeded.close();

process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));

answer({ port: server.port }, {});
