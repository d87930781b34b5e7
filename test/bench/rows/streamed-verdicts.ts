import { Readable } from 'node:stream';
import type { Child } from '../child.js';
import { addressOf, shuffled, strangerOf } from '../population.js';
import { mebibytes, median, perSecond, type Row } from '../row.js';
import { seedLog } from '../seed.js';
import { KEY, startService } from '../service.js';

const MOST_GROWTH = 100 * 2 ** 20;
const LINES_A_PIECE = 1_000;

/** A list of any length in constant memory. */
export const streamedVerdicts: Row = {
  name: 'ndjson',
  about: 'NDJSON of addresses, nine in ten known: how far the memory of the server grows beyond what it held before',
  async measure({ rounds, streamed, contacts }, directory) {
    await seedLog(directory, contacts);
    // What building the read models leaves to be collected is not the stream's.
    await (await startService(directory)).stop();
    const growths: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < Math.min(3, rounds); round++) {
      const service = await startService(directory);
      const before = (await service.ask('rss'))['bytes']!;
      rates.push(await stream(service, streamed, contacts));
      growths.push((await service.ask('peak'))['bytes']! - before);
      await service.stop();
    }
    const growth = Math.max(...growths);
    return [
      {
        name: 'NDJSON, growth of memory',
        ours: mebibytes(growth),
        target: { text: `≤ ${mebibytes(MOST_GROWTH)}`, met: growth <= MOST_GROWTH },
      },
      { name: 'NDJSON, rate', ours: perSecond(median(rates), 'addresses') },
    ];
  },
};

/** Sends the addresses, reads the results as they come, and answers addresses a second. */
async function stream({ ready }: Child, count: number, contacts: number): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${ready['port']}/v1/eligibility/batch?purpose=newsletter`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/x-ndjson' },
    body: Readable.toWeb(Readable.from(pieces(count, contacts), { objectMode: false })),
    duplex: 'half',
  });
  let results = 0;
  for await (const chunk of response.body!) results += linesIn(chunk as Uint8Array);
  if (results !== count) throw new Error(`${count} addresses were sent, ${results} results came.`);
  return count / ((performance.now() - startedAt) / 1000);
}

function* pieces(count: number, contacts: number): Generator<string> {
  for (let first = 0; first < count; first += LINES_A_PIECE) {
    let piece = '';
    for (let n = first; n < Math.min(count, first + LINES_A_PIECE); n++)
      piece += `"${n % 10 === 9 ? strangerOf(n) : addressOf(shuffled(n, contacts))}"\n`;
    yield piece;
  }
}

function linesIn(chunk: Uint8Array): number {
  let lines = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  return lines;
}
