import { post, runLoad } from '../load.js';
import { mixedAddresses } from '../population.js';
import { mebibytes, type Line, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY, startService } from '../service.js';

const ASKED = 100_000;
const A_CALL = 10_000;

/** What a projection of many contacts costs in memory and in time to start; it has no floor. */
export const footprint: Row = {
  name: 'footprint',
  about: 'resident memory and start-up time with the contacts projected',
  async measure({ projected }, directory) {
    const empty = await startService(`${directory}-empty`);
    const without = (await empty.ask('rss'))['bytes']!;
    await empty.stop();

    await seedLog(directory, projected);
    const first = await startService(directory);
    await first.stop();
    const again = await startService(directory);
    const started = (await again.ask('rss'))['bytes']!;
    await askMany(again.ready['port']!, projected);
    const asked = (await again.ask('rss'))['bytes']!;
    await again.stop();
    return [
      timeLine('start-up, projecting them from the log', first.ready['startedInMs']!),
      timeLine('start-up, projected before', again.ready['startedInMs']!),
      { name: 'memory without contacts', ours: mebibytes(without) },
      { name: 'memory once started', ours: mebibytes(started) },
      { name: `memory after ${ASKED} questions`, ours: mebibytes(asked) },
    ];
  },
};

function timeLine(name: string, milliseconds: number): Line {
  return { name, ours: `${(milliseconds / 1000).toFixed(2)} s` };
}

async function askMany(port: number, contacts: number): Promise<void> {
  const addresses = mixedAddresses(ASKED, contacts);
  let asked = 0;
  const next = () => {
    const some = addresses.slice(asked, (asked += A_CALL));
    if (some.length === 0) return undefined;
    return post('/v1/eligibility/batch', KEY, JSON.stringify({ purpose: 'newsletter', addresses: some }));
  };
  await runLoad({ port, connections: 1, next });
}
