import type { Sizes } from './sizes.js';

/** One line of the table: what we reach, what the floor reaches in the same run, and the ratio to reach. */
export interface Line {
  readonly name: string;
  /** Our figure and the floor's, in words, the median of the rounds. */
  readonly ours: string;
  readonly floor?: string;
  readonly ratio?: number;
  readonly target?: Target;
}

/** The bound of a ratio, or of a figure that has no floor. */
export interface Target {
  readonly text: string;
  readonly met: boolean;
}

/** A row of the benchmark: it prepares what it needs under `directory` and measures. */
export interface Row {
  readonly name: string;
  readonly about: string;
  measure(sizes: Sizes, directory: string): Promise<Line[]>;
}

/** The line of a figure of which more is better, and its floor, in `unit` a second. */
export function rateLine(name: string, unit: string, ours: number[], floor: number[], atLeast?: number): Line {
  const ratio = median(ours) / median(floor);
  return {
    name,
    ours: perSecond(median(ours), unit),
    floor: perSecond(median(floor), unit),
    ratio,
    ...(atLeast !== undefined && { target: { text: `≥ ${atLeast}`, met: ratio >= atLeast } }),
  };
}

export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function perSecond(figure: number, unit: string): string {
  return `${whole(figure)} ${unit}/s`;
}

/** A whole number with its thousands set apart. */
export function whole(figure: number): string {
  return Math.round(figure).toLocaleString('en').replaceAll(',', ' ');
}

export function mebibytes(bytes: number): string {
  return `${whole(bytes / 2 ** 20)} MiB`;
}

/** Runs ours and the floor in turn, so that what else the machine does falls on both. */
export async function interleaved(
  rounds: number,
  ours: () => Promise<number>,
  floor: () => Promise<number>,
): Promise<{ ours: number[]; floor: number[] }> {
  const figures = { ours: [] as number[], floor: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    figures.floor.push(await floor());
    figures.ours.push(await ours());
  }
  return figures;
}
