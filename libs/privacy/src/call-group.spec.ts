import { describe, expect, it } from '@jest/globals';
import { createCallGroup } from './call-group.js';
import { KeyVaultUnavailable } from './key-vault.js';

/** Calls of which the first group is under way, and fails with `error` when it is told to. */
async function given(error: Error) {
  const calls = createCallGroup();
  let fail!: () => void;
  const failure = new Promise<never>((_, reject) => (fail = () => reject(error)));
  let groups = 0;
  const call = calls.kind<number, number>((some) => (groups++ === 0 ? failure : Promise.resolve(some)));
  const first = call(1);
  await new Promise(setImmediate);
  return { call, first, fail, groups: () => groups };
}

describe('calls that wait behind one that fails', () => {
  it('fail with it where the store does not answer, and are not sent', async () => {
    const { call, first, fail, groups } = await given(new KeyVaultUnavailable('no answer', false));
    const waiting = call(2);
    fail();
    await expect(first).rejects.toThrow(KeyVaultUnavailable);
    await expect(waiting).rejects.toThrow(KeyVaultUnavailable);
    expect(groups()).toBe(1);
    expect(await call(3)).toBe(3);
  });

  it('go on where the fault is its own', async () => {
    const { call, first, fail } = await given(new Error('a value that is no key'));
    const waiting = call(2);
    fail();
    await expect(first).rejects.toThrow('no key');
    expect(await waiting).toBe(2);
  });
});
