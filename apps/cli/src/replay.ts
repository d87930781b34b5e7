import { rebuild, type RebuildDeps, type Rebuilt } from '@consent-ledger/projections';
import { createProgressDisplay } from './progress-display.js';
import type { Surroundings } from './surroundings.js';

/** Replays the log into projections and shows how far it has come, until the end of the log or the operator's stop. */
export async function replay(
  label: string,
  needs: RebuildDeps,
  surroundings: Surroundings,
  { resume = false }: { readonly resume?: boolean } = {},
): Promise<Rebuilt> {
  const display = createProgressDisplay(label, surroundings);
  try {
    return await rebuild(needs, { resume, signal: surroundings.signal, onProgress: display.show });
  } finally {
    display.end();
  }
}
