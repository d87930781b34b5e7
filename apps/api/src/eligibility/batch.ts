import type { Batch, BatchVerdict } from '@consent-ledger/application';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { linesOf, parseLine } from '../http/ndjson.js';

/** How many addresses are judged before other requests get their turn. */
const STRETCH = 500;
/** Results are written in pieces of about this many characters. */
const PIECE = 32 * 1024;

/** The results in the order asked, as the JSON text of the whole answer. */
export async function answerBatch(batch: Batch, addresses: readonly unknown[]): Promise<string> {
  const { purpose, at, position, policy } = batch;
  const results: string[] = [];
  for (const [index, address] of addresses.entries()) {
    if (index % STRETCH === STRETCH - 1) await nextTurn();
    results.push(resultText(batch.judge(address)));
  }
  const head = JSON.stringify({ purpose, at, position, policy }).slice(0, -1);
  return `${head},"results":[${results.join(',')}]}`;
}

/** One result a line for one address a line: the next lines are read only when the reader has taken the last results. */
export function answerStream(batch: Batch, body: Readable): Readable {
  const results = Readable.from(resultLines(batch, body), { objectMode: false, highWaterMark: 2 * PIECE });
  // The reader may leave in the middle: then the sender is not read any further either.
  results.on('close', () => body.destroy());
  return results;
}

async function* resultLines(batch: Batch, body: Readable): AsyncGenerator<string> {
  let piece = '';
  for await (const lines of linesOf(body)) {
    for (const line of lines) {
      piece += `${resultText(batch.judge(parseLine(line)))}\n`;
      if (piece.length < PIECE) continue;
      yield piece;
      piece = '';
    }
    // What was asked so far is answered now: the sender may choose what to ask next by it.
    if (piece) yield piece;
    piece = '';
    await nextTurn();
  }
}

/** Reasons and bases are words without anything to escape, which makes writing them by hand safe, and twice as fast. */
function resultText({ eligible, reason, basis, validUntil }: BatchVerdict): string {
  const until = validUntil === null ? 'null' : `"${validUntil}"`;
  return `{"eligible":${eligible},"reason":"${reason}","basis":${basis === null ? 'null' : `"${basis}"`},"validUntil":${until}}`;
}
