import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { atEndOfTurn } from './end-of-turn.js';

/** Resolves at the end of the turn. */
const endOfTurn = () => new Promise<void>((resolve) => atEndOfTurn(resolve));

/** Does steps that each wait for the end of a turn, and a promise or two in between. */
async function walk(name: string, steps: number, seen: string[]): Promise<void> {
  for (let step = 1; step <= steps; step++) {
    await endOfTurn();
    await Promise.resolve();
    seen.push(`${name}${step}`);
  }
}

describe('The end of a turn', () => {
  it('comes after all that the turn brings', async () => {
    const seen: string[] = [];
    atEndOfTurn(() => seen.push('end'));
    process.nextTick(() => seen.push('tick'));
    await Promise.resolve();
    seen.push('promise');
    await endOfTurn();
    expect(seen).toStrictEqual(['promise', 'tick', 'end']);
  });

  it('keeps together what arrived together, round by round, within the turn', async () => {
    const seen: string[] = [];
    const walks = [walk('a', 3, seen), walk('b', 3, seen)];
    await nextTurn();
    await nextTurn();
    expect(seen).toStrictEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
    await Promise.all(walks);
  });

  it('leaves the others their turn after four rounds', async () => {
    const seen: string[] = [];
    const walked = walk('a', 9, seen);
    for (let turn = 1; turn <= 2; turn++) {
      await nextTurn();
      seen.push(`turn ${turn}`);
    }
    await walked;
    expect(seen.indexOf('turn 2')).toBeLessThan(seen.indexOf('a9'));
    expect(seen.indexOf('a4')).toBeLessThan(seen.indexOf('turn 2'));
  });
});
