import Database from 'better-sqlite3';
import { join } from 'node:path';
import { startChild } from '../child.js';
import { openOptInLoad } from '../opt-in-load.js';
import { interleaved, median, rateLine, whole, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { secrets, startService } from '../service.js';

const RATE = 0.3;

/** Opt-ins that are durable before they are answered, against SQLite alone committing as many rows at a time. */
export const optIns: Row = {
  name: 'opt-ins',
  about: 'durable opt-ins over HTTP, 64 connections; floor: SQLite alone committing rows of the same size 64 at a time',
  async measure({ rounds, seconds, contacts }, directory) {
    await seedLog(directory, contacts);
    const service = await startService(directory);
    const record = openOptInLoad(service, contacts);
    await record.ofNew(Math.min(2, seconds));
    const raw = await startChild('raw-commits', {
      ...secrets,
      DIRECTORY: directory,
      SAMPLE_ROW: lastRow(directory),
      SECONDS: String(seconds),
    });
    const commit = async () => (await raw.ask('measure'))['perSecond']!;
    const ofNew = await interleaved(rounds, () => record.ofNew(seconds), commit);
    const ofKnown = await interleaved(rounds, () => record.ofKnown(seconds), commit);
    const [, ...eachNew] = record.spent.ofNew;
    await Promise.all([service.stop(), raw.stop()]);
    return [
      rateLine('opt-ins, new contacts', 'events', ofNew.ours, ofNew.floor, RATE),
      rateLine('opt-ins, known contacts', 'events', ofKnown.ours, ofKnown.floor, RATE),
      { name: 'opt-ins, new contacts, processor each', ours: `${whole(median(eachNew))} µs` },
      { name: 'opt-ins, known contacts, processor each', ours: `${whole(median(record.spent.ofKnown))} µs` },
    ];
  },
};

/** An opt-in as the service recorded it, without its position. */
function lastRow(directory: string): string {
  const db = new Database(join(directory, 'log.sqlite'), { readonly: true });
  const [, ...row] = db.prepare<[], unknown[]>('SELECT * FROM events ORDER BY position DESC LIMIT 1').raw().get()!;
  db.close();
  return JSON.stringify(row);
}
