/** Waits for so many milliseconds. */
export type Pause = (milliseconds: number) => Promise<unknown>;

export const PAUSE = Symbol('Pause');

/** Longer than recording an act takes, in milliseconds. */
const NO_SOONER_THAN = 250;

/**
 * Answers an act on a form no sooner than a fixed time after it began, also where it fails: how long it takes to record
 * would tell whether the address is known. What the act records is durable before.
 */
export async function evenly<T>(act: Promise<T>, pause: Pause): Promise<T> {
  const paused = pause(NO_SOONER_THAN);
  try {
    return await act;
  } finally {
    await paused;
  }
}
