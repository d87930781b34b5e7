/** Lets those who have read all there is wait until the log grows. */
export interface Growth {
  /** How often the log was seen to grow. Take it before reading: what comes after the read then cannot be missed. */
  count(): number;
  announce(): void;
  /** Resolves once the log has grown since the count was `seen`, or `signal` aborts. */
  since(seen: number, signal: AbortSignal): Promise<void>;
}

/** How to find out that another process made the log grow; asked every `intervalMs`, while somebody waits. */
export interface Elsewhere {
  readonly intervalMs: number;
  /** Whether the log changed since this was last asked. */
  readonly changed: () => boolean;
}

/** The growth of one log; without `elsewhere` only what is announced counts. */
export function createGrowth(elsewhere?: Elsewhere): Growth {
  const waiting = new Set<() => void>();
  let count = 0;
  let timer: NodeJS.Timeout | undefined;

  const announce = () => {
    count += 1;
    for (const wake of [...waiting]) wake();
  };
  const watch = () => {
    if (elsewhere && !timer) timer = setInterval(() => mayHaveChanged(elsewhere) && announce(), elsewhere.intervalMs);
  };
  const unwatch = () => {
    clearInterval(timer);
    timer = undefined;
  };

  return {
    count: () => count,
    announce,
    since(seen, signal) {
      if (count !== seen || signal.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        const wake = () => {
          waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          if (waiting.size === 0) unwatch();
          resolve();
        };
        waiting.add(wake);
        signal.addEventListener('abort', wake);
        watch();
      });
    },
  };
}

/** A failure to find out counts as a change: whoever is woken reads, and reports what is wrong. */
function mayHaveChanged({ changed }: Elsewhere): boolean {
  try {
    return changed();
  } catch {
    return true;
  }
}
