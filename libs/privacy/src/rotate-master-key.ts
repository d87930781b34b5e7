import type { RewrappableVault } from './rewrappable-vault.js';

export interface RotationOptions {
  /** Told after each batch how many keys were wrapped anew. */
  readonly onProgress?: (rewrapped: number) => void;
  /** Stops between two batches. */
  readonly signal?: AbortSignal;
}

export interface Rotation {
  readonly rewrapped: number;
  /** Whether the other master keys are needed no more. */
  readonly completed: boolean;
}

/** So small that a service that writes keys at the same time waits for milliseconds. */
const KEYS_AT_ONCE = 200;
/** A service that still wraps with an old key adds some while the others are wrapped anew, and less each time. */
const PASSES = 10;

/**
 * Wraps every key of a vault anew under the first master key, and then retires the others, so that they may be destroyed.
 * Rejects with `KeyRemnant` when all are wrapped anew but bytes from before could not be purged yet: rotate once more.
 */
export async function rotateMasterKey(vault: RewrappableVault, options: RotationOptions = {}): Promise<Rotation> {
  const { onProgress, signal } = options;
  let rewrapped = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    for await (const some of vault.rewrap(KEYS_AT_ONCE)) {
      rewrapped += some;
      onProgress?.(rewrapped);
      if (signal?.aborted) return { rewrapped, completed: false };
    }
    if (await vault.retireOthers()) return { rewrapped, completed: true };
  }
  return { rewrapped, completed: false };
}
