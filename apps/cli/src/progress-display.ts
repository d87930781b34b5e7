import { START, type Position } from '@consent-ledger/event-store';
import type { Surroundings } from './surroundings.js';

/** How far a walk through the log, or through all contacts, has come. Positions are measured in, and count nothing. */
export interface Progress {
  /** What was handled since the walk began. */
  readonly handled: number;
  /** The positions at which it began, where it is, and where it ends. */
  readonly from: Position;
  readonly position: Position;
  readonly head: Position;
  readonly perSecond: number;
}

export interface ProgressDisplay<P = Progress> {
  show(progress: P): void;
  /** Leaves the terminal clean for what is written next. */
  end(): void;
}

/** Milliseconds between two drawings of the line on a terminal, and between two lines elsewhere. */
const REDRAWN_EVERY = 100;
const LINE_EVERY = 5_000;

const START_OF_LINE = '\r';
const CLEAR_TO_END = '\x1b[K';

/** Shows progress on standard error: one line that is drawn again on a terminal, else a line every five seconds. */
export function createProgressDisplay(
  label: string,
  surroundings: Pick<Surroundings, 'stderr' | 'clock'>,
  unit = 'events',
): ProgressDisplay {
  return createDisplay(label, (progress) => describeProgress(progress, unit), surroundings);
}

/** Shows progress of any kind in the same way, in the words that `describe` finds for it. */
export function createDisplay<P>(
  label: string,
  describe: (progress: P) => string,
  { stderr, clock }: Pick<Surroundings, 'stderr' | 'clock'>,
): ProgressDisplay<P> {
  const isTerminal = stderr.isTTY === true;
  const interval = isTerminal ? REDRAWN_EVERY : LINE_EVERY;
  // A file of output needs no line of what is done within seconds.
  let next = isTerminal ? clock.now() : clock.now() + interval;
  let drawn = false;
  return {
    show(progress) {
      const now = clock.now();
      if (now < next) return;
      next = now + interval;
      drawn = true;
      const line = `${label}: ${describe(progress)}`;
      stderr.write(isTerminal ? START_OF_LINE + line + CLEAR_TO_END : `${line}\n`);
    },
    end() {
      if (isTerminal && drawn) stderr.write(START_OF_LINE + CLEAR_TO_END);
    },
  };
}

/** A count with a comma between its thousands. */
export function formatCount(count: number): string {
  return count.toLocaleString('en');
}

/** What share of the way to `head` lies behind `position`, as whole percents. */
export function percentOf(position: Position, head: Position): string {
  return `${Math.floor((100 * (position - START)) / Math.max(1, head - START))}%`;
}

function describeProgress({ handled, from, position, head, perSecond }: Progress, unit: string): string {
  const seconds =
    perSecond > 0 ? (handled / perSecond) * ((head - position) / Math.max(1, position - from)) : undefined;
  const left = seconds === undefined ? '' : `, ${formatDuration(seconds)} left`;
  return `${formatCount(handled)} ${unit} (${percentOf(position, head)}), ${formatCount(perSecond)} a second${left}`;
}

/** Seconds as `1:02` or `1:00:02`. */
function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? `${part}` : `${part}`.padStart(2, '0'))).join(':');
}
