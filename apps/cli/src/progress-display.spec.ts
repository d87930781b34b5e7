import { describe, expect, it } from '@jest/globals';
import { createProgressDisplay, formatCount } from './progress-display.js';

function screen(isTTY: boolean) {
  let now = 1_000;
  const written: string[] = [];
  const display = createProgressDisplay('preferences', {
    stderr: { isTTY, write: (text) => written.push(text) },
    clock: { now: () => now },
  });
  return { display, written, pass: (milliseconds: number) => (now += milliseconds) };
}

/** A log whose positions are as far apart as its events are long, walked from a tenth of it. */
const quarter = { handled: 150_000, from: 99_999_999, position: 249_999_999, head: 999_999_999, perSecond: 10_000 };
const half = { handled: 400_000, from: 99_999_999, position: 499_999_999, head: 999_999_999, perSecond: 100 };

describe('progress', () => {
  it('is one line on a terminal, drawn again at most ten times a second', () => {
    const { display, written, pass } = screen(true);
    display.show(quarter);
    pass(99);
    display.show(quarter);
    pass(1);
    display.show(half);
    display.end();
    expect(written).toStrictEqual([
      '\rpreferences: 150,000 events (25%), 10,000 a second, 1:15 left\x1b[K',
      '\rpreferences: 400,000 events (50%), 100 a second, 1:23:20 left\x1b[K',
      '\r\x1b[K',
    ]);
  });

  it('is a line every five seconds elsewhere, and none for what is done sooner', () => {
    const { display, written, pass } = screen(false);
    display.show(quarter);
    pass(4_999);
    display.show(quarter);
    expect(written).toStrictEqual([]);
    pass(1);
    display.show(half);
    pass(4_999);
    display.show(half);
    display.end();
    expect(written).toStrictEqual(['preferences: 400,000 events (50%), 100 a second, 1:23:20 left\n']);
  });

  it('leaves a terminal alone that nothing was shown on', () => {
    const { display, written } = screen(true);
    display.end();
    expect(written).toStrictEqual([]);
  });

  it('does not guess how long is left before anything was done', () => {
    const { display, written } = screen(true);
    display.show({ handled: 0, from: -1, position: -1, head: -1, perSecond: 0 });
    expect(written).toStrictEqual(['\rpreferences: 0 events (0%), 0 a second\x1b[K']);
  });

  it('counts with commas', () => expect(formatCount(1_234_567)).toBe('1,234,567'));
});
