import { startChild } from '../child.js';
import { median, perSecond, rateLine, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { allSecrets } from '../service.js';

const DAY = 86_400_000;
const ROUNDS = 3;

/** What the worker does when a day's consents lapse, among a million contacts, against reading the rows of the index. */
export const dueDates: Row = {
  name: 'due-dates',
  about: 'a sweep of all contacts of which one in a hundred is due; floor: reading the same rows of the index',
  async measure({ projected }, directory) {
    const dueEach = projected / 100;
    const start = Date.now();
    const lapsesAt = (contact: number) =>
      contact < dueEach * ROUNDS ? start + DAY / 2 + Math.floor(contact / dueEach) * DAY : undefined;
    await seedLog(directory, projected, 1, lapsesAt);
    const child = await startChild('sweeping', {
      ...allSecrets,
      DATA_DIR: directory,
    });
    const rounds = { ours: [] as number[], floor: [] as number[], first: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      await child.ask('tomorrow');
      const floor = await child.ask('read');
      const ours = await child.ask('sweep');
      if (ours['events'] !== dueEach || floor['events'] !== dueEach)
        throw new Error(
          `${ours['events']} events came of ${floor['events']} rows that were due; both ought to be ${dueEach}.`,
        );
      rounds.floor.push(floor['perSecond']!);
      rounds.ours.push(ours['perSecond']!);
      rounds.first.push(ours['firstMs']!);
    }
    await child.stop();
    return [
      rateLine('due dates, all events', 'events', rounds.ours, rounds.floor),
      { name: 'due dates, first event', ours: `${median(rounds.first).toFixed(1)} ms` },
      { name: 'due dates, review after a change of policy', ours: perSecond(child.ready['reviewed']!, 'contacts') },
    ];
  },
};
