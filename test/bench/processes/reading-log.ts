import { START } from '@consent-ledger/event-store';
import { openLogOn } from '../log-server.js';
import { answer } from './answering.js';

const store = await openLogOn(process.env['LOG_URL']!);

/** Follows the log from its start until nothing is behind what came: what who builds a read model of it must do at least. */
async function readWhole(): Promise<number> {
  const startedAt = performance.now();
  const stopping = new AbortController();
  let events = 0;
  for await (const batch of store.subscribe(START, { signal: stopping.signal })) {
    events += batch.events.length;
    if (batch.caughtUp) stopping.abort();
  }
  return events / ((performance.now() - startedAt) / 1000);
}

answer({}, { read: async () => ({ perSecond: await readWhole() }) });
