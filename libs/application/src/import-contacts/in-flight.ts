/** What came of asking for a task. */
type Came<T> = { readonly task: () => Promise<T> } | { readonly ended: true; readonly failure?: { error: unknown } };

/**
 * Starts tasks one after the other as they come, at most `atOnce` of them under way at a time, and yields what they resolve to
 * in their order. None is under way any more when it ends, also where one rejects or the caller stops; where no further task
 * can be had, what was under way is yielded before it throws.
 */
export async function* inFlight<T>(tasks: AsyncIterable<() => Promise<T>>, atOnce: number): AsyncGenerator<T> {
  const coming = tasks[Symbol.asyncIterator]();
  const ask = () =>
    coming.next().then(({ done, value }): Came<T> => (done ? { ended: true } : { task: value }), failed);
  const underWay: Promise<T>[] = [];
  try {
    for (let next = ask(); ;) {
      const came = underWay.length < atOnce ? await firstOf(next, underWay[0]) : undefined;
      if (!came) yield await underWay.shift()!;
      else if ('task' in came) {
        underWay.push(begun(came.task));
        next = ask();
      } else {
        while (underWay.length > 0) yield await underWay.shift()!;
        if (came.failure) throw came.failure.error;
        return;
      }
    }
  } finally {
    // What still comes may take for ever: it waits for somebody else.
    coming.return?.().catch(() => undefined);
    await Promise.allSettled(underWay);
  }
}

/** What came, or nothing where the task that is under way was done by then. */
function firstOf<T>(next: Promise<Came<T>>, underWay: Promise<T> | undefined): Promise<Came<T> | undefined> {
  return underWay ? Promise.race([underWay.then(() => undefined), next]) : next;
}

function failed(error: unknown) {
  return { ended: true, failure: { error } } as const;
}

function begun<T>(task: () => Promise<T>): Promise<T> {
  const started = task();
  // It is heard of when its turn comes.
  started.catch(() => undefined);
  return started;
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
