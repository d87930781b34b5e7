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

const quarter = { position: 249_999, head: 999_999, perSecond: 10_000 };
const half = { position: 499_999, head: 999_999, perSecond: 100 };

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
      '\rpreferences: 250,000 of 1,000,000 events (25%), 10,000 a second, 1:15 left\x1b[K',
      '\rpreferences: 500,000 of 1,000,000 events (50%), 100 a second, 1:23:20 left\x1b[K',
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
    expect(written).toStrictEqual(['preferences: 500,000 of 1,000,000 events (50%), 100 a second, 1:23:20 left\n']);
  });

  it('leaves a terminal alone that nothing was shown on', () => {
    const { display, written } = screen(true);
    display.end();
    expect(written).toStrictEqual([]);
  });

  it('does not guess how long is left before anything was done', () => {
    const { display, written } = screen(true);
    display.show({ position: -1, head: -1, perSecond: 0 });
    expect(written).toStrictEqual(['\rpreferences: 0 of 0 events (0%), 0 a second\x1b[K']);
  });

  it('counts with commas', () => expect(formatCount(1_234_567)).toBe('1,234,567'));
});
