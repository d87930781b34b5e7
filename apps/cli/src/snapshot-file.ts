import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { mkdtemp, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { openReadModels } from '@consent-ledger/projections';
import { isDamage } from './finding.js';

/** A file is no snapshot, or not a whole one. */
export class DamagedSnapshot extends Error {
  readonly code = 'DAMAGED_SNAPSHOT';
  constructor(options?: ErrorOptions) {
    super('The snapshot is damaged, or is none.', options);
  }
}

/** For its owner alone: it tells pseudonyms apart, and holds the hashes of API keys. */
const OWNER_ONLY = 0o600;

/**
 * Packs a closed file of read models that lies beside the snapshot: gzip, whose checksum tells later whether it is whole. It
 * is there at once or not at all, also after a power cut.
 */
export async function pack(readModels: string, snapshot: string): Promise<void> {
  const draft = `${readModels}.gz`;
  await pipeline(
    createReadStream(readModels),
    createGzip({ level: constants.Z_BEST_SPEED }),
    createWriteStream(draft, { mode: OWNER_ONLY, flush: true }),
  );
  await rename(draft, snapshot);
  const folder = await open(dirname(snapshot));
  await folder.sync().finally(() => folder.close());
}

/**
 * Unpacks a snapshot into a new file of read models, every page of which is sound. Throws `DamagedSnapshot`, and leaves
 * nothing then.
 */
export async function unpack(snapshot: string, readModels: string): Promise<void> {
  try {
    await pipeline(
      createReadStream(snapshot),
      createGunzip(),
      createWriteStream(readModels, { mode: OWNER_ONLY, flush: true }),
    );
    requireSound(readModels);
  } catch (error) {
    removeReadModels(readModels);
    if (!isOfZlib(error) && !isDamage(error)) throw error;
    throw new DamagedSnapshot({ cause: error });
  }
}

/** Lends a folder beside a file, for its owner alone, and removes it: whoever does the same at once has another one. */
export async function withFolderBeside<T>(path: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(`${path}.`);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes a closed file of read models with what SQLite keeps beside it, which must never meet another file. */
export function removeReadModels(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true });
}

function requireSound(path: string): void {
  const { db, close } = openReadModels(path);
  try {
    if (db.pragma('integrity_check', { simple: true }) !== 'ok') throw new DamagedSnapshot();
  } finally {
    close();
  }
}

function isOfZlib(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' && code.startsWith('Z_');
}
