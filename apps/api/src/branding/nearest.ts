/** The name among those known that is the fewest letters away; `undefined` where none is known. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const distances = known.map(
    (candidate) => [candidate, distance(name.toLowerCase(), candidate.toLowerCase())] as const,
  );
  return distances.sort(([, a], [, b]) => a - b)[0]?.[0];
}

/** Levenshtein's distance: letters to put in, take out or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_letter, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 0; at < to.length; at++)
      next.push(Math.min(next[at]! + 1, row[at + 1]! + 1, row[at]! + (letter === to[at] ? 0 : 1)));
    row = next;
  }
  return row.at(-1)!;
}
