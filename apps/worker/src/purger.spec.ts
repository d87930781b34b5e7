import { setImmediate as nextTurn } from 'node:timers/promises';
import { createRecordingLogger } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { Purger } from './purger.js';

describe('a purger of the vault', () => {
  it('tries until nothing is left of destroyed keys, also after the vault was away, and goes on (P7)', async () => {
    const answers = [false, new Error('away'), true];
    let tries = 0;
    const vault = {
      async purgeRemnants() {
        tries += 1;
        const answer = answers.shift() ?? true;
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    const logger = createRecordingLogger();
    const purger = new Purger({ vault, logger, everyMs: 1 });
    purger.start();
    while (tries < 5) await nextTurn();
    await purger.stop();
    expect(logger.lines.map(({ message }) => message.split(':')[0])).toStrictEqual([
      'Bytes of destroyed keys cannot be removed yet',
      'Whether bytes of destroyed keys are left is not known, and is tried again',
      'No byte of a destroyed key is left',
    ]);
  });

  it('stops at once while it waits', async () => {
    const purger = new Purger({
      vault: { purgeRemnants: () => Promise.reject(new Error('asked')) },
      logger: createRecordingLogger(),
    });
    purger.start();
    const stoppedAt = performance.now();
    await purger.stop();
    expect(performance.now() - stoppedAt).toBeLessThan(5_000);
  });
});
