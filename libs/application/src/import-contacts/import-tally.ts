import type { ImportCounts } from './import-events.js';
import type { RowOutcome } from './record-row.js';
import type { RowRefusal } from './row-reader.js';

const REFUSALS_TOLD = 1000;

/** What became of the rows of an import. */
export class ImportTally {
  /** What was refused and why, the first thousand. */
  readonly refused: RowRefusal[] = [];
  readonly #counts = { rows: 0, recorded: 0, unchanged: 0, refusedRows: 0, events: {} as Record<string, number> };

  constructor(private readonly onRefused: ((refusal: RowRefusal, cells: readonly string[]) => void) | undefined) {}

  get counts(): ImportCounts {
    return this.#counts;
  }

  /** Counts a row; `cells` is the row as it came, for whoever wants to hear of refusals. */
  add({ recorded, refusals }: RowOutcome, cells: readonly string[]): void {
    const counts = this.#counts;
    counts.rows++;
    counts[recorded.length > 0 ? 'recorded' : refusals.length > 0 ? 'refusedRows' : 'unchanged']++;
    for (const type of recorded) counts.events[type] = (counts.events[type] ?? 0) + 1;
    for (const refusal of refusals) {
      if (this.refused.length < REFUSALS_TOLD) this.refused.push(refusal);
      this.onRefused?.(refusal, cells);
    }
  }
}
