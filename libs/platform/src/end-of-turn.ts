/** Load, seal and append are three; a loop that only awaits such work must still leave sockets and timers their turn. */
const ROUNDS = 4;

let due: (() => void)[] = [];
let round = 0;

/**
 * Runs `work` once this turn of the event loop has taken in all that came with it, together with what else waits for that.
 * What comes of such work by promises alone may wait for the end of the turn as well: it is run in the same turn, when all
 * of those promises are done, up to four rounds. So what arrived together stays together. `work` may not throw.
 */
export function atEndOfTurn(work: () => void): void {
  due.push(work);
  if (due.length === 1 && round === 0) setImmediate(runRound);
}

function runRound(): void {
  round += 1;
  const works = due;
  due = [];
  for (const work of works) work();
  // A tick that a microtask asks for comes after every other microtask, those that the work caused among them.
  queueMicrotask(() => process.nextTick(nextRound));
}

function nextRound(): void {
  if (due.length > 0 && round < ROUNDS) return runRound();
  round = 0;
  if (due.length > 0) setImmediate(runRound);
}
