import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Pulse } from './pulse.js';

describe('the pulse of a log', () => {
  let stopping: AbortController;
  let head: () => Promise<number>;
  let position: number;
  let pulse: Pulse;

  beforeEach(() => {
    stopping = new AbortController();
    [head, position] = [() => Promise.resolve(7), 7];
    pulse = new Pulse({
      store: { head: () => head() },
      position: () => position,
      reach: (wanted) => Promise.resolve(position >= wanted),
      everyMs: 5,
    });
  });
  afterEach(() => stopping.abort());

  const beat = () => void pulse.beat(stopping.signal);

  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) await nextTurn();
  }

  it.each([
    ['cannot be reached', () => (head = () => Promise.reject(new Error('away')))],
    ['does not answer', () => (head = () => new Promise(() => undefined))],
    ['holds what nobody handles (P4)', () => (position = 6)],
  ])('is silent for longer and longer while the log %s', async (_, fail) => {
    fail();
    beat();
    await until(() => pulse.silentForMs > 20);
  });

  it('is heard again once the log answers', async () => {
    head = () => Promise.reject(new Error('away'));
    beat();
    await until(() => pulse.silentForMs > 20);
    head = () => Promise.resolve(7);
    await until(() => pulse.silentForMs === 0);
  });

  it('is silent until what came meanwhile is handled, however quickly that goes on (P4)', async () => {
    let asked = 0;
    head = async () => ((asked += 1), (position += 1), 1_000);
    beat();
    await until(() => asked > 5 && pulse.silentForMs > 20);
    position = 1_000;
    await until(() => pulse.silentForMs === 0);
  });

  it('is heard while a log that never stands still is followed closely', async () => {
    let asked = 0;
    head = async () => (position = 7 + 10 * asked++) + 10;
    beat();
    await until(() => asked > 20);
    expect(pulse.silentForMs).toBeLessThan(1_000);
  });

  it('counts a stop of the whole process as silence until the log has answered again (P4)', async () => {
    beat();
    await until(() => pulse.silentForMs === 0);
    const stoppedAt = performance.now();
    while (performance.now() - stoppedAt < 60);
    expect(pulse.silentForMs).toBeGreaterThan(0);
    await until(() => pulse.silentForMs === 0);
  });
});
