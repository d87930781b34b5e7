import { atEndOfTurn } from '@consent-ledger/platform';
import { KeyVaultUnavailable } from './key-vault.js';

/** Calls that are carried out one after the other, and those of one kind that follow each other together. */
export interface CallGroup {
  /** Makes a kind of call of what carries many of them out and answers each, in their order. */
  kind<C, A>(carryOut: (calls: readonly C[]) => Promise<readonly A[]>): (call: C) => Promise<A>;
  /** Whether a call waits or is being carried out. */
  isBusy(): boolean;
}

interface Waiting {
  readonly kind: (calls: readonly Waiting[]) => Promise<void>;
  readonly call: unknown;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** Bounds what one statement is given. */
const CALLS_AT_ONCE = 500;

/**
 * Groups calls to a store that answers later: what arrives while it is being waited for goes together next, so that a store
 * that is slow is asked less often and not more. A group that fails fails each of its calls, and no other; where it failed
 * because the store does not answer, what waits fails too, so that nobody waits through the silence of all before.
 */
export function createCallGroup(): CallGroup {
  const queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    await new Promise<void>(atEndOfTurn);
    for (let first = queue[0]; first; first = queue[0]) {
      const { kind } = first;
      const others = queue.findIndex((waiting) => waiting.kind !== kind);
      await kind(queue.splice(0, Math.min(others === -1 ? queue.length : others, CALLS_AT_ONCE)));
    }
    running = undefined;
  }

  return {
    kind<C, A>(carryOut: (calls: readonly C[]) => Promise<readonly A[]>) {
      const kind = async (group: readonly Waiting[]) => {
        try {
          const answers = await carryOut(group.map(({ call }) => call as C));
          for (const [at, { resolve }] of group.entries()) resolve(answers[at]);
        } catch (error) {
          const failed = error instanceof KeyVaultUnavailable ? [...group, ...queue.splice(0)] : group;
          for (const { reject } of failed) reject(error);
        }
      };
      return (call: C) =>
        new Promise<A>((resolve, reject) => {
          queue.push({ kind, call, resolve: resolve, reject });
          running ??= run();
        });
    },
    isBusy: () => running !== undefined,
  };
}
