import { startChild } from '../child.js';
import { interleaved, rateLine, type Row } from '../row.js';
import { seedLog } from '../seed.js';

const EVENTS_EACH = 4;
const RATE = 0.3;

/** The projection from nothing, against reading and parsing the same rows. */
export const rebuilding: Row = {
  name: 'rebuild',
  about: 'rebuild of the preferences, four events a contact; floor: scanning and JSON-parsing the same rows',
  async measure({ rounds, events }, directory) {
    await seedLog(directory, events / EVENTS_EACH, EVENTS_EACH);
    const child = await startChild('rebuilding', { DATA_DIR: directory });
    const ask = async (question: string) => (await child.ask(question))['perSecond']!;
    await ask('scan');
    const { ours, floor } = await interleaved(
      Math.min(3, rounds),
      () => ask('rebuild'),
      () => ask('scan'),
    );
    await child.stop();
    return [rateLine('rebuild', 'events', ours, floor, RATE)];
  },
};
