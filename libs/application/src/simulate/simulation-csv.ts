import { stringify } from 'csv-stringify/sync';
import type { RefusedSendBody, SimulationAnswer } from './simulation-answer.js';

/** One line: `record` says which of the other columns it fills. */
interface CsvRow {
  readonly record: 'answer' | 'gained' | 'lost' | 'due' | 'refused-send';
  readonly month?: string;
  readonly kind?: string;
  readonly purpose?: string;
  readonly reason?: string;
  readonly count?: number;
  readonly deliveryId?: string;
  readonly contactId?: string;
  readonly sentAt?: string;
}

const COLUMNS = ['record', 'month', 'kind', 'purpose', 'reason', 'count', 'deliveryId', 'contactId', 'sentAt'];
const LINES_A_PIECE = 500;

/**
 * A simulation as CSV (RFC 4180) in pieces: the answers by purpose and reason, what falls due by month, and every message
 * that would have been refused, in memory that does not grow with them.
 */
export async function* simulationCsv(
  answer: SimulationAnswer,
  refusedSends: AsyncIterable<RefusedSendBody>,
): AsyncGenerator<string, void> {
  yield linesOf([...answerRows(answer), ...dueRows(answer)], true);
  let rows: CsvRow[] = [];
  for await (const send of refusedSends) {
    if (rows.push({ record: 'refused-send', ...send }) < LINES_A_PIECE) continue;
    yield linesOf(rows);
    rows = [];
  }
  if (rows.length > 0) yield linesOf(rows);
}

function* answerRows({ purposes, supposed }: SimulationAnswer): Iterable<CsvRow> {
  for (const [purpose, { reasons, gained, lost }] of Object.entries(purposes)) {
    for (const [reason, count] of Object.entries(reasons)) yield { record: 'answer', purpose, reason, count };
    if (!supposed) continue;
    yield { record: 'gained', purpose, count: gained };
    yield { record: 'lost', purpose, count: lost };
  }
}

function* dueRows({ overdue, months }: SimulationAnswer): Iterable<CsvRow> {
  for (const { month, ...counts } of [{ month: 'overdue', ...overdue }, ...months]) {
    yield { record: 'due', month, kind: 'prompt', count: counts.prompts };
    yield { record: 'due', month, kind: 'reminder', count: counts.reminders };
    for (const [purpose, count] of Object.entries(counts.lapses))
      yield { record: 'due', month, kind: 'lapse', purpose, count };
    yield { record: 'due', month, kind: 'evidence-end', count: counts.evidenceEnds };
    yield { record: 'due', month, kind: 'erasure', count: counts.erasures };
  }
}

function linesOf(rows: readonly CsvRow[], header = false): string {
  return stringify([...rows], { header, columns: COLUMNS });
}
