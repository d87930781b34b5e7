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
  const head = JSON.stringify({ purpose, at, position, policy }).slice(0, -1);
  let results = '';
  for (let next = 0; next < addresses.length; next++) {
    if (next % STRETCH === STRETCH - 1) await nextTurn();
    results += `${next === 0 ? '' : ','}${resultText(batch.judge(addresses[next]))}`;
  }
  return `${head},"results":[${results}]}`;
}

/**
 * One result a line for one address a line: the next lines are read only when the reader has taken the last results. A reader
 * who takes long is broken off once the batch is no longer live, and never told yes by what was known long ago (P4).
 */
export function answerStream(batch: Batch, body: Readable): Readable {
  const results = Readable.from(resultLines(batch, body), { objectMode: false, highWaterMark: 2 * PIECE });
  // The reader may leave in the middle: then the sender is not read any further either.
  results.on('close', () => body.destroy());
  return results;
}

async function* resultLines(batch: Batch, body: Readable): AsyncGenerator<string> {
  let piece = '';
  for await (const lines of linesOf(body)) {
    batch.requireLive();
    for (const line of lines) {
      piece += `${resultText(batch.judge(parseLine(line)))}\n`;
      if (piece.length < PIECE) continue;
      yield piece;
      piece = '';
      batch.requireLive();
    }
    // What was asked so far is answered now: the sender may choose what to ask next by it.
    if (piece) yield piece;
    piece = '';
    await nextTurn();
  }
}

/** The text of a result up to its `validUntil`, by its reason, which settles the rest of the answer. */
const heads = new Map<string, string>();

/** Written by hand, of few pieces: a batch makes one an address, and nothing in it needs to be escaped. */
function resultText(verdict: BatchVerdict): string {
  const { reason, validUntil } = verdict;
  const head = heads.get(reason) ?? headOf(verdict);
  return validUntil === null ? `${head}null}` : `${head}"${validUntil}"}`;
}

function headOf({ eligible, reason, basis }: BatchVerdict): string {
  const head = `{"eligible":${eligible},"reason":"${reason}","basis":${JSON.stringify(basis)},"validUntil":`;
  heads.set(reason, head);
  return head;
}
