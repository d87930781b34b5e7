import { afterEach, describe, expect, it } from '@jest/globals';
import type { KeyVault } from './key-vault.js';
import type { MasterKey } from './master-keys.js';
import type { RewrappableVault } from './rewrappable-vault.js';
import { rotateMasterKey } from './rotate-master-key.js';

const ANNA = 'annaaaaaaaaaaaaaaaaaaaaaaa';
const BRAM = 'bramaaaaaaaaaaaaaaaaaaaaaa';

/** What every key vault keeps; `openVault` answers a new, empty one. */
export function keyVaultContract(name: string, openVault: () => Promise<KeyVault>): void {
  describe(`${name} as a key vault`, () => {
    let vault: KeyVault;
    const given = async () => (vault = await openVault());
    afterEach(() => vault.close());

    it('gives a contact one key of 256 bits, the same each time', async () => {
      await given();
      const key = await vault.keyFor(ANNA);
      expect(key.key).toHaveLength(32);
      expect(await vault.keyFor(ANNA)).toStrictEqual(key);
      expect(await vault.find(ANNA)).toStrictEqual(key);
    });

    it('gives each contact a key and a key id of its own', async () => {
      await given();
      const [anna, bram] = [await vault.keyFor(ANNA), await vault.keyFor(BRAM)];
      expect(anna.id).not.toBe(bram.id);
      expect(anna.key).not.toStrictEqual(bram.key);
    });

    it('gives one key to all who ask at the same time', async () => {
      await given();
      const keys = await Promise.all(Array.from({ length: 50 }, (_, i) => vault.keyFor(i % 2 ? ANNA : BRAM)));
      expect(new Set(keys.map(({ id }) => id)).size).toBe(2);
    });

    it('gives many contacts their keys at once, in their order, also one that is named twice', async () => {
      await given();
      const bram = await vault.keyFor(BRAM);
      const keys = await vault.keysFor([ANNA, BRAM, ANNA]);
      expect(keys).toStrictEqual([await vault.find(ANNA), bram, await vault.find(ANNA)]);
      expect(keys[0]!.key).toHaveLength(32);
      expect(await vault.keysFor([])).toStrictEqual([]);
    });

    it('makes no key when it is only asked to find one', async () => {
      await given();
      expect(await vault.find(ANNA)).toBeUndefined();
      expect(await vault.destroy(ANNA, undefined)).toStrictEqual({ destroyed: false });
    });

    it('destroys a key for good and knows that it did', async () => {
      await given();
      const { id } = await vault.keyFor(ANNA);
      expect(await vault.wasDestroyed(id)).toBe(false);
      expect(await vault.destroy(ANNA, id)).toStrictEqual({ destroyed: true });
      expect(await vault.find(ANNA)).toBeUndefined();
      expect(await vault.wasDestroyed(id)).toBe(true);
      expect(await vault.destroy(ANNA, id)).toStrictEqual({ destroyed: false });
    });

    it('has nothing left to purge of a key that was destroyed while nobody held on to it (P7)', async () => {
      await given();
      expect(await vault.purgeRemnants()).toBe(true);
      await vault.destroy(ANNA, (await vault.keyFor(ANNA)).id);
      expect(await vault.purgeRemnants()).toBe(true);
    });

    it('tells of many keys which it destroyed', async () => {
      await given();
      const [anna, bram] = [await vault.keyFor(ANNA), await vault.keyFor(BRAM)];
      await vault.destroy(ANNA, anna.id);
      expect(await vault.destroyedAmong([bram.id, anna.id, 'never-was'])).toStrictEqual(new Set([anna.id]));
      expect(await vault.destroyedAmong([])).toStrictEqual(new Set());
    });

    it('leaves a key alone that is not the one to destroy, as of a contact that came back meanwhile', async () => {
      await given();
      const judged = await vault.keyFor(ANNA);
      await vault.destroy(ANNA, judged.id);
      const recent = await vault.keyFor(ANNA);
      expect(await vault.destroy(ANNA, judged.id)).toStrictEqual({ destroyed: false });
      expect(await vault.destroy(ANNA, undefined)).toStrictEqual({ destroyed: false });
      expect(await vault.find(ANNA)).toStrictEqual(recent);
      expect(await vault.wasDestroyed(recent.id)).toBe(false);
    });

    it('destroys no key through the name of another contact', async () => {
      await given();
      const { id } = await vault.keyFor(ANNA);
      await vault.keyFor(BRAM);
      expect(await vault.destroy(BRAM, id)).toStrictEqual({ destroyed: false });
      expect(await vault.wasDestroyed(id)).toBe(false);
    });

    it('leaves the keys of others alone', async () => {
      await given();
      const bram = await vault.keyFor(BRAM);
      const anna = await vault.keyFor(ANNA);
      await vault.destroy(ANNA, anna.id);
      expect(await vault.find(BRAM)).toStrictEqual(bram);
      expect(await vault.wasDestroyed(bram.id)).toBe(false);
    });

    it('gives a contact that comes back another key', async () => {
      await given();
      const before = await vault.keyFor(ANNA);
      await vault.destroy(ANNA, before.id);
      const after = await vault.keyFor(ANNA);
      expect(after.id).not.toBe(before.id);
      expect(await vault.wasDestroyed(before.id)).toBe(true);
      expect(await vault.wasDestroyed(after.id)).toBe(false);
    });

    it('takes calls that do not wait for each other in their order', async () => {
      await given();
      const first = await vault.keyFor(ANNA);
      const [gone, second] = await Promise.all([vault.destroy(ANNA, first.id), vault.keyFor(ANNA)]);
      expect(gone).toStrictEqual({ destroyed: true });
      expect(await vault.wasDestroyed(first.id)).toBe(true);
      expect(await vault.find(ANNA)).toStrictEqual(second);
    });

    it('settles what it accepted when it is closed', async () => {
      await given();
      const calls = [vault.keyFor(ANNA), vault.destroy(BRAM, undefined)];
      await vault.close();
      await expect(Promise.all(calls)).resolves.toHaveLength(2);
    });
  });
}

/** Storage of one vault, which several processes may open at the same time. */
export interface VaultStorage {
  open(): Promise<KeyVault>;
  openWithOtherMasterKey(): Promise<KeyVault>;
}

/** What every key vault that outlives its process keeps; `createStorage` answers new, empty storage. */
export function storedKeyVaultContract(name: string, createStorage: () => VaultStorage): void {
  describe(`${name} as storage that is shared`, () => {
    const opened: KeyVault[] = [];
    const opening = async (storage: VaultStorage) => {
      const vault = await storage.open();
      opened.push(vault);
      return vault;
    };
    afterEach(() => Promise.all(opened.splice(0).map((vault) => vault.close())));

    it('has its keys and its destroyed keys again when it is opened again', async () => {
      const storage = createStorage();
      const before = await storage.open();
      const anna = await before.keyFor(ANNA);
      const bram = await before.keyFor(BRAM);
      await before.destroy(BRAM, bram.id);
      await before.close();

      const after = await opening(storage);
      expect((await after.find(ANNA))?.id).toBe(anna.id);
      expect(Buffer.from((await after.find(ANNA))!.key)).toStrictEqual(Buffer.from(anna.key));
      expect(await after.find(BRAM)).toBeUndefined();
      expect(await after.wasDestroyed(bram.id)).toBe(true);
    });

    it('gives two processes the same key', async () => {
      const storage = createStorage();
      const [one, other] = [await opening(storage), await opening(storage)];
      const keys = await Promise.all([one.keyFor(ANNA), other.keyFor(ANNA), one.keyFor(ANNA)]);
      expect(new Set(keys.map(({ id }) => id)).size).toBe(1);
    });

    it('never serves a key that another process destroyed', async () => {
      const storage = createStorage();
      const [one, other] = [await opening(storage), await opening(storage)];
      const before = await one.keyFor(ANNA);
      await other.destroy(ANNA, before.id);
      expect(await one.find(ANNA)).toBeUndefined();
      expect(await one.wasDestroyed(before.id)).toBe(true);
      const after = await other.keyFor(ANNA);
      expect(await one.keyFor(ANNA)).toStrictEqual(after);
    });

    it('does not open under another master key, and says what to do', async () => {
      const storage = createStorage();
      const vault = await opening(storage);
      await vault.keyFor(ANNA);
      await expect(storage.openWithOtherMasterKey()).rejects.toMatchObject({
        code: 'UNUSABLE_KEY_VAULT',
        message: expect.stringContaining('Configure the master key it was made with'),
      });
    });
  });
}

const OLD: MasterKey = { id: 'old', secret: Buffer.alloc(32, 11) };
const NEW: MasterKey = { id: 'new', secret: Buffer.alloc(32, 12) };
const NEWER: MasterKey = { id: 'newer', secret: Buffer.alloc(32, 13) };

/** Storage of one vault that is opened with master keys, of which the first wraps. */
export interface RewrappableStorage {
  open(masterKeys: readonly MasterKey[]): Promise<RewrappableVault>;
}

/** What every vault keeps whose master key can be rotated while it is used; `createStorage` answers new, empty storage. */
export function rewrappableVaultContract(name: string, createStorage: () => RewrappableStorage): void {
  describe(`${name} whose master key is rotated`, () => {
    const opened: KeyVault[] = [];
    afterEach(() => Promise.all(opened.splice(0).map((vault) => vault.close())));

    /** Storage with keys of this many contacts under the old master key. */
    async function given(count: number) {
      const storage = createStorage();
      const open = async (...masterKeys: MasterKey[]) => {
        const vault = await storage.open(masterKeys);
        opened.push(vault);
        return vault;
      };
      const old = await open(OLD);
      const ids = Array.from({ length: count }, (_, at) => `contact-${at}`);
      return { open, old, ids, keys: await old.keysFor(ids) };
    }

    const findAll = (vault: KeyVault, ids: readonly string[]) => Promise.all(ids.map((id) => vault.find(id)));
    const bytesOf = (keys: readonly ({ key: Uint8Array } | undefined)[]) =>
      keys.map((key) => key && Buffer.from(key.key).toString('hex'));

    it('has every key as it was, under the new master key alone', async () => {
      const { open, ids, keys } = await given(450);
      const vault = await open(NEW, OLD);
      expect(await vault.masterKeysInUse()).toStrictEqual([
        { id: 'new', keys: 0 },
        { id: 'old', keys: 450 },
      ]);
      const progress: number[] = [];
      const rotation = await rotateMasterKey(vault, { onProgress: (rewrapped) => progress.push(rewrapped) });
      expect(rotation).toStrictEqual({ rewrapped: 450, completed: true });
      expect([progress.length > 2, progress.at(-1)]).toStrictEqual([true, 450]);
      const fresh = await open(NEW);
      expect(bytesOf(await findAll(fresh, ids))).toStrictEqual(bytesOf(keys));
      expect(await fresh.masterKeysInUse()).toStrictEqual([{ id: 'new', keys: 450 }]);
    });

    it('is opened no more by the old master key alone, nor before the rotation by the new one alone', async () => {
      const { open } = await given(3);
      await expect(open(NEW)).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
      await rotateMasterKey(await open(NEW, OLD));
      await expect(open(OLD)).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
    });

    it('tells those that lack the new master key, from when another process brings it on', async () => {
      const { open, old } = await given(1);
      await old.check();
      const both = await open(NEW, OLD);
      await expect(old.check()).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
      await rotateMasterKey(both);
      await expect(old.check()).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
      await both.check();
    });

    it('serves all who know both, whichever they have first, before, during and after', async () => {
      const { open, ids, keys } = await given(5);
      const [behind, ahead] = [await open(OLD, NEW), await open(NEW, OLD)];
      const made = await ahead.keyFor('made-by-new');
      expect(bytesOf([await behind.find('made-by-new')])).toStrictEqual(bytesOf([made]));
      const late = await behind.keyFor('made-by-old');
      expect(await rotateMasterKey(ahead)).toMatchObject({ rewrapped: 6, completed: true });
      expect(bytesOf(await findAll(behind, ids))).toStrictEqual(bytesOf(keys));
      expect(bytesOf([await ahead.find('made-by-old')])).toStrictEqual(bytesOf([late]));
      await behind.keyFor('made-afterwards');
      await behind.keysFor(['more', 'made-afterwards']);
      await (await open(OLD, NEW)).keyFor('made-after-a-restart');
      expect(await (await open(NEW)).masterKeysInUse()).toStrictEqual([{ id: 'new', keys: 10 }]);
    });

    it('retires no master key while a key is under it', async () => {
      const { open, old, ids, keys } = await given(3);
      const vault = await open(NEW, OLD);
      expect(await vault.retireOthers()).toBe(false);
      expect(bytesOf([await old.keyFor(ids[0]!)])).toStrictEqual(bytesOf([keys[0]]));
      expect(await rotateMasterKey(vault)).toMatchObject({ completed: true });
      await expect(old.keyFor('somebody-new')).rejects.toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
    });

    it('brings no key back that is destroyed while it is wrapped anew, and sets none back that came after it (P7)', async () => {
      const { open, ids, keys } = await given(30);
      const [vault, other] = [await open(NEW, OLD), await open(OLD, NEW)];
      const rewrapping = vault.rewrap(10);
      const batches = [rewrapping[Symbol.asyncIterator]().next()];
      const destroying = ids.map(async (id, at) => (at % 2 === 0 ? other.destroy(id, keys[at]!.id) : undefined));
      await Promise.all([...batches, ...destroying]);
      const cameBack = await other.keyFor(ids[0]!);
      expect(await rotateMasterKey(vault)).toMatchObject({ completed: true });

      const after = await findAll(await open(NEW), ids);
      const expected = keys.map((key, at) => (at === 0 ? cameBack : at % 2 === 0 ? undefined : key));
      expect(bytesOf(after)).toStrictEqual(bytesOf(expected));
      expect(await vault.destroyedAmong(keys.map(({ id }) => id))).toHaveProperty('size', 15);
    });

    it('is rotated by two at once as by one', async () => {
      const { open, ids, keys } = await given(60);
      const vaults = [await open(NEW, OLD), await open(NEW, OLD)];
      const rotations = await Promise.all(vaults.map((vault) => rotateMasterKey(vault)));
      expect(rotations).toMatchObject([{ completed: true }, { completed: true }]);
      expect(rotations.reduce((sum, { rewrapped }) => sum + rewrapped, 0)).toBe(60);
      expect(bytesOf(await findAll(await open(NEW), ids))).toStrictEqual(bytesOf(keys));
    });

    it('loses no key when two rotate to different keys: one of them wins, or is told so', async () => {
      const { open, ids, keys } = await given(40);
      const vaults = [await open(NEW, NEWER, OLD), await open(NEWER, NEW, OLD)];
      const outcomes = await Promise.allSettled(vaults.map((vault) => rotateMasterKey(vault)));
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'UNUSABLE_KEY_VAULT' });
      const vault = await open(NEWER, NEW, OLD);
      expect(bytesOf(await findAll(vault, ids))).toStrictEqual(bytesOf(keys));
      expect(await rotateMasterKey(vault)).toMatchObject({ completed: true });
    });

    it('goes on where it was stopped, and once more when the next key comes', async () => {
      const { open, ids, keys } = await given(450);
      const stop = new AbortController();
      const stopped = await rotateMasterKey(await open(NEW, OLD), {
        onProgress: () => stop.abort(),
        signal: stop.signal,
      });
      expect(stopped.completed).toBe(false);
      const rest = await rotateMasterKey(await open(NEW, OLD));
      expect(rest).toStrictEqual({ rewrapped: 450 - stopped.rewrapped, completed: true });
      expect(await rotateMasterKey(await open(NEWER, NEW))).toStrictEqual({ rewrapped: 450, completed: true });
      expect(bytesOf(await findAll(await open(NEWER), ids))).toStrictEqual(bytesOf(keys));
    });
  });
}
