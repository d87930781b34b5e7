import type { ImportProgress, ImportReport } from '@consent-ledger/application';
import { describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { progressLines } from './progress-lines.js';

const report = { importId: 'spring', rows: 3 } as ImportReport;
const problemText = (error: unknown) => JSON.stringify({ detail: (error as Error).message });
type Step = (progress: ImportProgress) => void;

describe('an import as it runs', () => {
  it('is a line for each step, and one for what it came to', async () => {
    const lines = await progressLines(async (step) => {
      step({ rows: 1, bytes: 10 });
      await Promise.resolve();
      step({ rows: 3, bytes: 30 });
      return report;
    }, problemText);
    expect((await text(lines)).split('\n')).toStrictEqual([
      '{"progress":{"rows":1,"bytes":10}}',
      '{"progress":{"rows":3,"bytes":30}}',
      '{"report":{"importId":"spring","rows":3}}',
      '',
    ]);
  });

  it('that is refused before its first step is not answered in lines', async () => {
    await expect(progressLines(() => Promise.reject(new Error('no address')), problemText)).rejects.toThrow(
      'no address',
    );
  });

  it('ends with the problem that ended it', async () => {
    const run = async (step: Step) => {
      step({ rows: 1, bytes: 10 });
      await Promise.resolve();
      throw new Error('line 3');
    };
    expect(await text(await progressLines(run, problemText))).toMatch(/\n\{"problem":\{"detail":"line 3"\}\}\n$/);
  });

  it('keeps little for a reader who is slow, and the report in any case', async () => {
    const run = async (step: Step) => {
      for (let rows = 0; rows < 100_000; rows++) step({ rows, bytes: 10 * rows });
      return Promise.resolve(report);
    };
    const lines = await progressLines(run, problemText);
    expect(lines.readableLength).toBeLessThan(256 * 1024);
    expect(await text(lines)).toMatch(/\{"report":\{"importId":"spring","rows":3\}\}\n$/);
  });

  it('goes on when its reader has left', async () => {
    let resume!: () => void;
    const waiting = new Promise<void>((resolve) => (resume = resolve));
    let ended!: () => void;
    const end = new Promise<void>((resolve) => (ended = resolve));
    const lines = await progressLines(async (step) => {
      step({ rows: 1, bytes: 10 });
      await waiting;
      step({ rows: 2, bytes: 20 });
      ended();
      return report;
    }, problemText);
    lines.destroy();
    resume();
    await expect(end).resolves.toBeUndefined();
  });
});
