import { describe, expect, it } from '@jest/globals';
import { ahead, inFlight } from './in-flight.js';

function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => ([resolve, reject] = [yes, no]));
  return { promise, resolve, reject };
}

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* each<T>(items: Iterable<T>) {
  for (const item of items) yield await Promise.resolve(item);
}

async function* counting(until: number, fault?: Error) {
  for (let n = 0; n < until; n++) yield await Promise.resolve(n);
  if (fault) throw fault;
}

describe('tasks in flight', () => {
  it('yield in their order, whichever is done first, and no more of them at once than is wanted', async () => {
    const tasks = Array.from({ length: 5 }, () => deferred<number>());
    const started: number[] = [];
    const starts = tasks.map(({ promise }, n) => () => {
      started.push(n);
      return promise;
    });
    const results = allOf(inFlight(each(starts), 2));
    for (const n of [1, 0, 3, 2, 4]) {
      tasks[n]!.resolve(n);
      await new Promise(setImmediate);
      if (n === 1) expect(started).toStrictEqual([0, 1]);
    }
    expect(await results).toStrictEqual([0, 1, 2, 3, 4]);
    expect(started).toStrictEqual([0, 1, 2, 3, 4]);
  });

  it('fail in their order as well', async () => {
    const slow = deferred<number>();
    const results = allOf(inFlight(each([() => slow.promise, () => Promise.reject<number>(new Error('second'))]), 2));
    await new Promise(setImmediate);
    slow.reject(new Error('first'));
    await expect(results).rejects.toThrow('first');
  });

  it('are all done when one failed, and none is started after it', async () => {
    const [first, slow] = [deferred<number>(), deferred<number>()];
    let ended = false;
    const never = () => Promise.reject(new Error('was started'));
    const tasks = [() => first.promise, () => slow.promise, never];
    const results = allOf(inFlight(each(tasks), 2)).finally(() => (ended = true));
    await new Promise(setImmediate);
    first.reject(new Error('first'));
    await new Promise(setImmediate);
    expect(ended).toBe(false);
    slow.resolve(1);
    await expect(results).rejects.toThrow('first');
  });

  it('yield what is done while the next task is still to come', async () => {
    const stalled = (async function* () {
      yield () => Promise.resolve(1);
      await new Promise(() => undefined);
    })();
    for await (const n of inFlight(stalled, 2)) {
      expect(n).toBe(1);
      break;
    }
  });

  it('are all yielded before the failure of what they come from', async () => {
    const seen: number[] = [];
    const cut = (async function* () {
      for await (const n of counting(3)) yield () => Promise.resolve(n);
      throw new Error('the line is cut');
    })();
    const results = (async () => {
      for await (const n of inFlight(cut, 8)) seen.push(n);
    })();
    await expect(results).rejects.toThrow('the line is cut');
    expect(seen).toStrictEqual([0, 1, 2]);
  });
});

describe('what is made ahead', () => {
  it('comes whole and in order, and its failure after all that came before', async () => {
    expect(await allOf(ahead(counting(4)))).toStrictEqual([0, 1, 2, 3]);
    const seen: number[] = [];
    const failing = (async () => {
      for await (const n of ahead(counting(2, new Error('the line is cut')))) {
        await new Promise(setImmediate);
        seen.push(n);
      }
    })();
    await expect(failing).rejects.toThrow('the line is cut');
    expect(seen).toStrictEqual([0, 1]);
  });

  it('is not waited for by a caller who stops', async () => {
    const stalled = (async function* () {
      yield 1;
      await new Promise(() => undefined);
    })();
    for await (const n of ahead(stalled)) {
      expect(n).toBe(1);
      break;
    }
  });
});
