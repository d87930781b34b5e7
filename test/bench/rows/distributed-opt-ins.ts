import { join } from 'node:path';
import { startChild } from '../child.js';
import { startDistributed } from '../distributed.js';
import { openLogOn } from '../log-server.js';
import { openOptInLoad } from '../opt-in-load.js';
import { interleaved, median, rateLine, whole, type Row } from '../row.js';
import { seedLog } from '../seed.js';

/** Opt-ins through the adapter of EventStoreDB, against its client alone appending the same bytes to the same server. */
export const distributedOptIns: Row = {
  name: 'distributed-opt-ins',
  about: 'opt-ins over HTTP at an api with its log on a server; floor: the client alone appending the same bytes there',
  async measure({ rounds, seconds, contacts }, directory) {
    const distributed = await startDistributed(directory, (seeded) => seedLog(seeded, contacts));
    const { EVENT_STORE_URL: url } = distributed.environment;
    const api = await distributed.startApi(join(directory, 'api'));
    const record = openOptInLoad(api, contacts);
    await record.ofNew(Math.min(2, seconds));
    const raw = await startChild('raw-appends', {
      LOG_URL: url,
      SAMPLE_EVENT: await lastEvent(url),
      SECONDS: String(seconds),
    });
    const append = async () => (await raw.ask('measure'))['perSecond']!;
    await append();
    const ofNew = await interleaved(rounds, () => record.ofNew(seconds), append);
    const ofKnown = await interleaved(rounds, () => record.ofKnown(seconds), append);
    const [, ...eachNew] = record.spent.ofNew;
    await Promise.all([api.stop(), raw.stop()]);
    await distributed.stop();
    return [
      rateLine('opt-ins on a server, new contacts', 'events', ofNew.ours, ofNew.floor),
      rateLine('opt-ins on a server, known contacts', 'events', ofKnown.ours, ofKnown.floor),
      { name: 'opt-ins on a server, new contacts, processor each', ours: `${whole(median(eachNew))} µs` },
      {
        name: 'opt-ins on a server, known contacts, processor each',
        ours: `${whole(median(record.spent.ofKnown))} µs`,
      },
    ];
  },
};

/** An opt-in as the service recorded it. */
async function lastEvent(url: string): Promise<string> {
  const store = await openLogOn(url);
  const { type, data, metadata } = (await store.readAt(await store.head()))!;
  await store.close();
  return JSON.stringify({ type, data, metadata });
}
