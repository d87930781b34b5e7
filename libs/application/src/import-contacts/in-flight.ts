/**
 * Starts tasks one after the other, `atOnce` of them under way at a time, and yields what they resolve to in their order. None
 * is under way any more when it ends, also where one rejects or the caller stops.
 */
export async function* inFlight<T>(tasks: Iterable<() => Promise<T>>, atOnce: number): AsyncGenerator<T> {
  const underWay: Promise<T>[] = [];
  try {
    for (const task of tasks) {
      const started = task();
      // It is heard of when its turn comes.
      started.catch(() => undefined);
      underWay.push(started);
      if (underWay.length === atOnce) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  } finally {
    await Promise.allSettled(underWay);
  }
}

/** Yields what comes, and has the next made while the caller is busy with one. */
export async function* ahead<T>(items: AsyncGenerator<T, void>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = items.next();
      // It is heard of when it is asked for.
      next.catch(() => undefined);
      yield value;
    }
  } finally {
    // What is still being made may take for ever: it waits for somebody else.
    items.return().catch(() => undefined);
  }
}
