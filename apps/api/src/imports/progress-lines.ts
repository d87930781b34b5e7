import type { ImportProgress, ImportReport } from '@consent-ledger/application';
import { PassThrough, type Readable } from 'node:stream';

/**
 * An import as it runs: a line of JSON for each step of progress, then one with the report, or with the problem that ended
 * it. Rejects with what ended it before the first step, which has its own answer. A reader who is slow misses steps.
 */
export async function progressLines(
  run: (onProgress: (progress: ImportProgress) => void) => Promise<ImportReport>,
  problemText: (error: unknown) => string,
): Promise<Readable> {
  const lines = new PassThrough();
  const write = (line: string) => void (lines.destroyed || lines.write(`${line}\n`));
  let step!: () => void;
  const firstStep = new Promise<void>((resolve) => (step = resolve));
  const running = run((progress) => {
    if (!lines.writableNeedDrain) write(JSON.stringify({ progress }));
    step();
  });
  running
    .then(
      (report) => write(JSON.stringify({ report })),
      (error: unknown) => write(`{"problem":${problemText(error)}}`),
    )
    .finally(() => lines.end());
  await Promise.race([firstStep, running]);
  return lines;
}
