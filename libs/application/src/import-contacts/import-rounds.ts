import type { CsvRow } from './csv-rows.js';
import type { RowOutcome } from './record-row.js';
import type { Said } from './record-rows.js';
import type { ReadRow } from './row-reader.js';

/** How many rows wait for the log at once: as many as it commits together, and few enough to let others in between. */
const ROWS_AT_ONCE = 1024;
/** How many rows are put in order before they are recorded: some ten mebibytes. */
const ROWS_A_ROUND = 8_192;

/** A row that was read. */
export interface Line {
  readonly row: ReadRow;
  /** As it came; empty where nobody asks for it. */
  readonly cells: readonly string[];
  /** Of whom it says something. */
  readonly of?: { readonly address: string; readonly contactId: string };
}

/** Rows of one contact, or of several that follow each other in the order of their ids. */
export type Portion = readonly Said[];

/**
 * Rows that are recorded in the order of the contacts' ids, and told of in the order of the file. Neighbours in the indexes of
 * log and vault are so written together: the pages that a commit touches are most of what it costs.
 */
export class Round {
  /** As many rows as are recorded at once, and those of one contact never apart; one of none where nothing is said. */
  readonly portions: readonly Portion[];
  readonly #outcomes: (RowOutcome | undefined)[];
  #recorded = 0;

  constructor(readonly lines: readonly Line[]) {
    this.portions = inPortions(inOrderOfContacts(lines));
    this.#outcomes = new Array<RowOutcome | undefined>(lines.length);
  }

  /** Notes what became of a portion; each comes once. */
  note(portion: Portion, outcomes: readonly RowOutcome[]): void {
    portion.forEach(({ index }, at) => (this.#outcomes[index] = outcomes[at]!));
    this.#recorded++;
  }

  get isRecorded(): boolean {
    return this.#recorded === this.portions.length;
  }

  /** What became of each row, in the order of the file. Of one that says nothing of anybody, nothing did but what was refused. */
  *outcomes(): Generator<readonly [Line, RowOutcome]> {
    for (const [index, line] of this.lines.entries())
      yield [line, this.#outcomes[index] ?? { recorded: [], refusals: line.row.refusals }];
  }
}

/** The rows of a file in rounds. Where the file cannot be read to its end, what could be read comes before it throws. */
export async function* inRounds(rows: AsyncIterable<CsvRow>, read: (row: CsvRow) => Line): AsyncGenerator<Round, void> {
  let lines: Line[] = [];
  try {
    for await (const row of rows) {
      lines.push(read(row));
      if (lines.length < ROWS_A_ROUND) continue;
      yield new Round(lines);
      lines = [];
    }
  } catch (error) {
    if (lines.length > 0) yield new Round(lines);
    throw error;
  }
  if (lines.length > 0) yield new Round(lines);
}

/** A portion of a round, and what became of its rows. */
export interface RecordedPortion {
  readonly round: Round;
  readonly portion: Portion;
  readonly outcomes: readonly RowOutcome[];
}

/** A recording that goes on, of the contacts from one id to another. */
interface UnderWay {
  readonly first: string;
  readonly last: string;
  readonly recorded: Promise<unknown>;
}

/**
 * The recordings of all rounds, to be started one after the other. The rows of one contact come in their order in the file: no
 * recording goes on beside another of the same contacts, and the end of a round and the beginning of the next are of different
 * ones.
 */
export async function* recordingsOf(
  rounds: AsyncIterable<Round>,
  record: (portion: Portion, round: Round) => Promise<readonly RowOutcome[]>,
): AsyncGenerator<() => Promise<RecordedPortion>, void> {
  const underWay = new Set<UnderWay>();
  for await (const round of rounds)
    for (const portion of round.portions)
      yield async () => ({ round, portion, outcomes: await apart(underWay, portion, () => record(portion, round)) });
}

/** Records a portion once nothing under way is of its contacts. */
async function apart<T>(underWay: Set<UnderWay>, portion: Portion, record: () => Promise<T>): Promise<T> {
  const [first, last] = [portion[0]?.contactId ?? '', portion.at(-1)?.contactId ?? ''];
  const before = [...underWay].filter((other) => other.first <= last && first <= other.last);
  const recorded = Promise.all(before.map((other) => other.recorded)).then(record);
  const mine = { first, last, recorded };
  underWay.add(mine);
  return recorded.finally(() => underWay.delete(mine));
}

/** Of a contact, in the order of the file. */
function inOrderOfContacts(lines: readonly Line[]): Portion {
  const said = lines.flatMap(({ row, of }, index): Said[] => (of ? [{ index, row, ...of }] : []));
  return said.sort((a, b) => (a.contactId < b.contactId ? -1 : a.contactId > b.contactId ? 1 : a.index - b.index));
}

function inPortions(said: Portion): readonly Portion[] {
  const portions: Portion[] = [];
  let from = 0;
  do {
    let until = Math.min(from + ROWS_AT_ONCE, said.length);
    while (until < said.length && said[until]!.contactId === said[until - 1]!.contactId) until++;
    portions.push(said.slice(from, until));
    from = until;
  } while (from < said.length);
  return portions;
}
