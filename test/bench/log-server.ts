import { join } from 'node:path';
import { STREAM_PREFIXES } from '@consent-ledger/application';
import {
  migrateLog,
  openEventStore,
  openSqliteEventStore,
  START,
  type ConnectedEventStore,
} from '@consent-ledger/event-store';
import { startChild } from './child.js';

/** A server that has the log of one row, with the events that were seeded. */
export interface LogServer {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * The server of `EVENTSTORE_URL`, which must be empty, or one that stands in for EventStoreDB in a process of its own. It is
 * given the log that `seedLog` left in a directory.
 */
export async function startLogServer(directory: string): Promise<LogServer> {
  const given = process.env['EVENTSTORE_URL'];
  if (given) {
    await fill(given, directory);
    return { url: given, stop: () => Promise.resolve() };
  }
  const server = await startChild('log-server', { SEEDED: join(directory, 'log.sqlite') });
  return { url: `esdb://127.0.0.1:${server.ready['port']}?tls=false`, stop: () => server.stop() };
}

/** The log on a server, as every process of the service opens it. */
export function openLogOn(url: string): Promise<ConnectedEventStore> {
  return openEventStore({ url, path: '', streamPrefixes: STREAM_PREFIXES });
}

async function fill(url: string, directory: string): Promise<void> {
  const [source, target] = [openSqliteEventStore({ path: join(directory, 'log.sqlite') }), await openLogOn(url)];
  try {
    if ((await target.head()) !== START)
      throw new Error('EVENTSTORE_URL names a log that is not empty. Give each row a new server, one row a run.');
    await migrateLog(source, target, { signal: new AbortController().signal });
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
}
