/**
 * What goes wrong with an append at the server:
 * - `cut-before-writing`, `cut-after-writing`: every connection is cut, with the append not written, or written;
 * - `timeout-after-writing`: written, and answered as if the server had not learnt of it in time;
 * - `busy`: not written, and answered so;
 * - `access-denied`: not written, and answered so;
 * - `no-answer`: written, never answered;
 * - `no-position`: written, and answered without its place in the log;
 * - `late-answer`: written, and answered when `answerLate` is called.
 */
export type AppendFault =
  | 'cut-before-writing'
  | 'cut-after-writing'
  | 'timeout-after-writing'
  | 'busy'
  | 'access-denied'
  | 'no-answer'
  | 'no-position'
  | 'late-answer';

/** The faults that wait for the next appends, and what a test commands of them. */
export class AppendFaults {
  readonly #next: AppendFault[] = [];
  readonly #late: (() => void)[] = [];

  constructor(readonly cut: () => void) {}

  failNext(faults: readonly AppendFault[]): void {
    this.#next.push(...faults);
  }

  take(): AppendFault | undefined {
    return this.#next.shift();
  }

  keepForLater(answer: () => void): void {
    this.#late.push(answer);
  }

  answerLate(): void {
    for (const answer of this.#late.splice(0)) answer();
  }
}
