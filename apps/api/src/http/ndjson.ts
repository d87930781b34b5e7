import { StringDecoder } from 'node:string_decoder';
import { Problem } from '@consent-ledger/platform';
import type { Readable } from 'node:stream';

/** The longest line that is read: an address or a recipient with its variables. */
const LONGEST_LINE = 64 * 1024;

/** The lines of a body, some at a time, in constant memory; blank lines are left out. Throws `PAYLOAD_TOO_LARGE`. */
export async function* linesOf(body: Readable): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.write(chunk as Buffer)).split('\n');
    rest = lines.pop()!;
    if (rest.length > LONGEST_LINE) throw new Problem('PAYLOAD_TOO_LARGE', 'A line of the body is longer than 64 KiB.');
    yield lines.filter((line) => line.trim() !== '');
  }
  rest += decoder.end();
  if (rest.trim() !== '') yield [rest];
}

/** The JSON value of a line; `undefined` when it is not JSON. */
export function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
