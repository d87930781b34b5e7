import { startChild } from '../child.js';
import { interleaved, mebibytes, rateLine, type Row } from '../row.js';
import { seedLog } from '../seed.js';

const EVENTS_EACH = 2;
const MOST_GROWTH = 100 * 2 ** 20;

/** What if, over everybody: three years of prompts, lapses and erasures, in memory that does not grow with the contacts. */
export const simulation: Row = {
  name: 'simulation',
  about: 'a simulation of 36 months over the contacts projected; floor: folding the events of each and no more',
  async measure({ rounds, projected }, directory) {
    await seedLog(directory, projected, EVENTS_EACH);
    const child = await startChild('simulating', { DATA_DIR: directory });
    const growths: number[] = [];
    const simulate = async () => {
      const { perSecond, growth } = await child.ask('simulate');
      growths.push(growth!);
      return perSecond!;
    };
    const fold = async () => (await child.ask('fold'))['perSecond']!;
    const { ours, floor } = await interleaved(Math.min(3, rounds), simulate, fold);
    await child.stop();
    const growth = Math.max(...growths);
    return [
      rateLine('simulation', 'contacts', ours, floor),
      {
        name: 'simulation, growth of memory after a tenth',
        ours: mebibytes(growth),
        target: { text: `≤ ${mebibytes(MOST_GROWTH)}`, met: growth <= MOST_GROWTH },
      },
    ];
  },
};
