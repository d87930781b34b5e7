import Database from 'better-sqlite3';
import { join } from 'node:path';
import { startChild } from '../child.js';
import { post, runLoad } from '../load.js';
import { addressOf, shuffled } from '../population.js';
import { interleaved, median, rateLine, whole, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY, secrets, startService } from '../service.js';
import { CONNECTIONS } from '../sizes.js';

const RATE = 0.3;

/** Opt-ins that are durable before they are answered, against SQLite alone committing as many rows at a time. */
export const optIns: Row = {
  name: 'opt-ins',
  about: 'durable opt-ins over HTTP, 64 connections; floor: SQLite alone committing rows of the same size 64 at a time',
  async measure({ rounds, seconds, contacts }, directory) {
    await seedLog(directory, contacts);
    const service = await startService(directory);
    let recorded = contacts;
    let repeated = 0;
    const processor = async () => (await service.ask('processor'))['microseconds']!;
    const spent: number[] = [];
    const record = async (next: () => string, duration = seconds) => {
      const before = await processor();
      const load = { port: service.ready['port']!, connections: CONNECTIONS, seconds: duration, next };
      const { answers, perSecond } = await runLoad(load);
      spent.push(((await processor()) - before) / answers);
      return perSecond;
    };
    const newContact = () => optInOf(addressOf(recorded++), 'newsletter');
    const knownContact = () => optInOf(addressOf(shuffled(repeated++, contacts)), 'personalised-message');

    await record(newContact, Math.min(2, seconds));
    const raw = await startChild('raw-commits', {
      ...secrets,
      DIRECTORY: directory,
      SAMPLE_ROW: lastRow(directory),
      SECONDS: String(seconds),
    });
    const commit = async () => (await raw.ask('measure'))['perSecond']!;
    const ofNew = await interleaved(rounds, () => record(newContact), commit);
    const ofKnown = await interleaved(rounds, () => record(knownContact), commit);
    const [, ...each] = spent;
    await Promise.all([service.stop(), raw.stop()]);
    return [
      rateLine('opt-ins, new contacts', 'events', ofNew.ours, ofNew.floor, RATE),
      rateLine('opt-ins, known contacts', 'events', ofKnown.ours, ofKnown.floor, RATE),
      { name: 'opt-ins, processor each', ours: `${whole(median(each))} µs` },
    ];
  },
};

function optInOf(address: string, purpose: string): string {
  return post(
    '/v1/opt-ins',
    KEY,
    JSON.stringify({
      address,
      purposes: [purpose],
      statement: { id: 'signup-form', version: 1, language: 'nl' },
      source: { kind: 'web-form' },
      evidence: { ip: '203.0.113.7', userAgent: 'Mozilla/5.0', url: 'https://shop.example/sign-up' },
    }),
  );
}

/** An opt-in as the service recorded it, without its position. */
function lastRow(directory: string): string {
  const db = new Database(join(directory, 'log.sqlite'), { readonly: true });
  const [, ...row] = db.prepare<[], unknown[]>('SELECT * FROM events ORDER BY position DESC LIMIT 1').raw().get()!;
  db.close();
  return JSON.stringify(row);
}
