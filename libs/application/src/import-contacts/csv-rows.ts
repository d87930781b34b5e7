import { validationProblem, type Problem } from '@consent-ledger/platform';
import type { CsvError } from 'csv-parse';
import { parse, type Info } from 'csv-parse';
import { Readable } from 'node:stream';

/** The cells of a row, and the line of the file at which it ends. */
export interface CsvRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A row that is longer than this has a quote that was never closed. */
const LONGEST_ROW = 1024 * 1024;
const HEADER_WITHIN = 64 * 1024;
const delimiters = [',', ';', '\t'] as const;

/**
 * Reads CSV (RFC 4180) in UTF-8, with a byte order mark or without, row by row in constant memory; the first is the header.
 * The delimiter is told from the header when it is not given. Rows of any length are handed on: a ragged one is for the
 * caller to refuse. Throws the problem `VALIDATION`, which names the line, for what cannot be read any further.
 */
export async function* csvRows(
  source: AsyncIterable<Uint8Array>,
  delimiter?: string,
): AsyncGenerator<CsvRow, undefined> {
  const { head, rest } = await readHead(source);
  refuseOtherEncodings(head);
  const bytes = Readable.from(rest);
  let fault: CsvError | undefined;
  const parser = parse({
    bom: true,
    delimiter: delimiter ?? delimiterOf(head.toString('utf8')),
    info: true,
    max_record_size: LONGEST_ROW,
    relax_column_count: true,
    relax_quotes: true,
    // An error thrown by the parser would take the rows before it along that were not handed on yet.
    skip_records_with_error: true,
    on_skip: (error) => void (fault ??= error),
  });
  bytes.once('error', (error) => parser.destroy(error));
  let line = 0;
  let counted = 0;
  try {
    for await (const { record, info } of bytes.pipe(parser) as AsyncIterable<Parsed>) {
      if (fault && info.records > Number(fault['records'])) break;
      line += info.lines - counted === 1 ? 1 : 1 + lineBreaksIn(record);
      counted = info.lines;
      if (!isBlank(record)) yield { cells: record, line };
    }
  } finally {
    bytes.destroy();
  }
  if (fault) throw unreadable(fault, line + 1);
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: Info;
}

/** The parser counts the two characters of a line break in quotes as two. */
function lineBreaksIn(cells: readonly string[]): number {
  return cells.reduce((count, cell) => count + cell.split(/\r\n|\r|\n/).length - 1, 0);
}

function isBlank(cells: readonly string[]): boolean {
  return cells.length === 1 && cells[0] === '';
}

/** What holds the header, or its beginning, and everything from there on. */
async function readHead(source: AsyncIterable<Uint8Array>) {
  const chunks = source[Symbol.asyncIterator]();
  const read: Buffer[] = [];
  let length = 0;
  while (length < HEADER_WITHIN && !read.at(-1)?.includes('\n')) {
    const next = await chunks.next();
    if (next.done) break;
    read.push(Buffer.from(next.value));
    length += next.value.length;
  }
  async function* rest(): AsyncGenerator<Uint8Array> {
    try {
      yield* read;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      await chunks.return?.();
    }
  }
  return { head: Buffer.concat(read), rest: rest() };
}

function refuseOtherEncodings(head: Buffer): void {
  if (head.length === 0) throw validationProblem([{ field: 'line 1', message: 'the file is empty' }]);
  const mark = head.readUIntBE(0, Math.min(2, head.length));
  if (mark === 0xfffe || mark === 0xfeff || head.includes(0))
    throw validationProblem([{ field: 'line 1', message: 'is not UTF-8, more likely UTF-16: save the file as UTF-8' }]);
}

/** The delimiter that stands in the header most often, outside quotes. */
function delimiterOf(head: string): string {
  const [header = ''] = head.replaceAll(/"[^"]*"/g, '').split(/[\r\n]/, 1);
  const counts = delimiters.map((candidate) => header.split(candidate).length);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

function unreadable({ code }: CsvError, line: number): Problem {
  const why =
    code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE'
      ? 'begins a row with a quote that is never closed, or one that is longer than 1 MiB'
      : 'cannot be read as CSV';
  return validationProblem([{ field: `line ${line}`, message: why }]);
}
