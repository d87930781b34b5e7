import { describe, expect, it, jest } from '@jest/globals';
import { Changes } from './changes.js';

const never = new AbortController().signal;
const anHour = { timeoutMs: 3_600_000, signal: never };

describe('Waiting for deliveries to change', () => {
  it('ends when one changes', async () => {
    const changes = new Changes();
    const waited = changes.since(changes.count, anHour);
    changes.changed();
    await expect(waited).resolves.toBeUndefined();
  });

  it('ends at once when one changed between the look and the wait', async () => {
    const changes = new Changes();
    const seen = changes.count;
    changes.changed();
    await expect(changes.since(seen, anHour)).resolves.toBeUndefined();
  });

  it('ends when its time is over, and when it is broken off', async () => {
    const changes = new Changes();
    await expect(changes.since(changes.count, { timeoutMs: 1, signal: never })).resolves.toBeUndefined();
    const stopping = new AbortController();
    const waited = changes.since(changes.count, { timeoutMs: 3_600_000, signal: stopping.signal });
    stopping.abort();
    await expect(waited).resolves.toBeUndefined();
    await expect(changes.since(changes.count, { ...anHour, signal: stopping.signal })).resolves.toBeUndefined();
  });

  it('goes on while none changes, and leaves nothing behind when it ends', async () => {
    jest.useFakeTimers();
    try {
      const changes = new Changes();
      const ended = jest.fn();
      const waited = changes.since(changes.count, anHour).then(ended);
      await jest.advanceTimersByTimeAsync(3_599_999);
      expect(ended).not.toHaveBeenCalled();
      changes.changed();
      await waited;
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});
