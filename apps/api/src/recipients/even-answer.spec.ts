import { describe, expect, it } from '@jest/globals';
import { evenly } from './even-answer.js';

/** A pause that ends when the test says so. */
function heldPause() {
  let end = () => {};
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { pause: () => promise, end: () => end() };
}

describe('the answer to a form that anybody may send about anybody (P9)', () => {
  it.each([
    ['was recorded', () => Promise.resolve('done')],
    ['failed', () => Promise.reject(new Error('done'))],
  ])('comes once the pause is over, where the act %s', async (_sentence, act) => {
    const { pause, end } = heldPause();
    const seen: string[] = [];
    const answer = evenly(act(), pause).then(
      () => seen.push('answered'),
      () => seen.push('answered'),
    );
    await new Promise((resolve) => setImmediate(resolve));
    seen.push('paused');
    end();
    await answer;
    expect(seen).toStrictEqual(['paused', 'answered']);
  });

  it('waits for an act that takes longer than the pause', async () => {
    const { pause, end } = heldPause();
    const answer = evenly(
      pause().then(() => 'recorded'),
      () => Promise.resolve(),
    );
    end();
    expect(await answer).toBe('recorded');
  });
});
