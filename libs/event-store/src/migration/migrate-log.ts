import type { EventStore, Position, RecordedEvent } from '../event-store.js';
import { copyLog } from './copy-log.js';
import { LogComparison } from './log-comparison.js';
import { LogsDiffer } from './logs-differ.js';
import { patiently } from './patience.js';

export interface MigrationProgress {
  readonly phase: 'comparing' | 'copying';
  /** Events that were found the same on both sides. */
  readonly compared: number;
  /** How far the source has been worked through, and where it ends. */
  readonly position: Position;
  readonly head: Position;
}

export interface MigrationOptions {
  readonly signal: AbortSignal;
  /** Whether the order of the log counts around an event, whatever goes wrong; that of its stream always does. */
  readonly isLandmark?: (event: RecordedEvent) => boolean;
  readonly onProgress?: (progress: MigrationProgress) => void;
  /** Hears that a log cannot be reached, before it is tried again. */
  readonly onInterrupted?: (error: Error) => void;
  /** For how long a log may be out of reach, in milliseconds; default five minutes. */
  readonly patienceMs?: number;
}

/** What was found of two logs. */
export interface LogsCompared {
  /** How many events stand in both, and how many of them elsewhere in the order of the target (never of their stream). */
  readonly events: number;
  readonly displaced: number;
  /** Of what was read of each. */
  readonly hashes: { readonly source: string; readonly target: string };
  /** The position in the source up to which all is in the target. */
  readonly position: Position;
  /** Whether the source holds nothing more. */
  readonly isComplete: boolean;
}

/**
 * Makes a log the same as another one: every event with its id, type, data, metadata, stream and revision, in the order of
 * the log. It keeps nothing but the logs themselves: what the target holds is compared with the source from the beginning,
 * what it lacks is appended, and what was appended is read back and compared too, until nothing is left to do. So it may
 * be stopped at any moment and begun again. Throws `LogsDiffer` when the target holds anything else.
 */
export async function migrateLog(
  source: EventStore,
  target: EventStore,
  options: MigrationOptions,
): Promise<LogsCompared & { readonly copied: number }> {
  const migration = new Migration(source, target, options);
  const { events: found } = await migration.compare();
  return { ...(await migration.complete()), copied: migration.events - found };
}

/** Compares what the target holds with the source, and writes nothing. Throws `LogsDiffer` when it holds anything else. */
export function compareLogs(source: EventStore, target: EventStore, options: MigrationOptions): Promise<LogsCompared> {
  return new Migration(source, target, options).compare();
}

const PATIENCE_MS = 300_000;

class Migration {
  readonly #source: EventStore;
  readonly #target: EventStore;
  readonly #options: MigrationOptions;
  readonly #comparison: LogComparison;
  #appended = 0;
  #head: Position | undefined;

  constructor(source: EventStore, target: EventStore, options: MigrationOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
    this.#comparison = new LogComparison(source, target);
  }

  get events(): number {
    return this.#comparison.events;
  }

  compare(): Promise<LogsCompared> {
    return this.#patiently(async () => {
      this.#head = await this.#source.head();
      const { signal } = this.#options;
      await this.#comparison.walk({ signal, onStep: () => this.#show('comparing', this.#comparison.agreedUpTo) });
      const { events, displaced, hashes, agreedUpTo } = this.#comparison;
      return { events, displaced, hashes, position: agreedUpTo, isComplete: await this.#comparison.isComplete() };
    });
  }

  /** Appends what is lacking and reads it back, until nothing is: the source may grow meanwhile. */
  async complete(): Promise<LogsCompared> {
    let compared = await this.compare();
    while (!compared.isComplete) {
      const { events } = compared;
      await this.#patiently(() => this.#copyOnce());
      compared = await this.compare();
      if (compared.events === events)
        throw new LogsDiffer('The target took every event, and does not hold them when it is read. Is it one log?');
    }
    const { source, target } = compared.hashes;
    if (source !== target) throw new LogsDiffer(`The logs differ: the source is ${source}, the target ${target}.`);
    return compared;
  }

  /** Compares first, so that after a failure it goes on behind what was written. */
  async #copyOnce(): Promise<void> {
    await this.compare();
    const { signal, isLandmark = () => false } = this.#options;
    await copyLog(this.#source, this.#target, this.#comparison.agreedUpTo, {
      signal,
      isLandmark,
      onCopied: (events, position) => {
        this.#appended += events;
        this.#show('copying', position);
      },
    });
  }

  #patiently<T>(work: () => Promise<T>): Promise<T> {
    const { signal, patienceMs: forMs = PATIENCE_MS, onInterrupted = () => undefined } = this.#options;
    return patiently(work, { signal, forMs, progress: () => this.events + this.#appended, onInterrupted });
  }

  #show(phase: MigrationProgress['phase'], position: Position): void {
    const head = Math.max(position, this.#head ?? position);
    this.#options.onProgress?.({ phase, compared: this.events, position, head });
  }
}
