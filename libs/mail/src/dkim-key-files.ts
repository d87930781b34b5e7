import { open } from 'node:fs/promises';
import { ConfigurationError, type DkimSettings } from '@consent-ledger/platform';
import { DkimKeyRefused, readDkimKey, type DkimKey } from './dkim-key.js';

const FOR_OTHERS = 0o007;

/**
 * Reads the key of each selector from its file. Throws `ConfigurationError` that says of each file why it cannot be used: it
 * cannot be read, others on this machine can read it, or it holds no key that may sign.
 */
export async function loadDkimKeys({ domain, keys }: DkimSettings): Promise<readonly DkimKey[]> {
  const outcomes = await Promise.all(keys.map(({ selector, path }) => loadDkimKey(domain, selector, path)));
  const faults = outcomes.filter((outcome) => typeof outcome === 'string');
  if (faults.length > 0) throw new ConfigurationError(faults);
  return outcomes.filter((outcome) => typeof outcome !== 'string');
}

/** The key, or what is wrong with its file. */
async function loadDkimKey(domain: string, selector: string, path: string): Promise<DkimKey | string> {
  const told = `DKIM_KEY_PATH: ${path}`;
  try {
    const { mode, content } = await readWithMode(path);
    if ((mode & FOR_OTHERS) !== 0)
      return `${told} can be read or changed by everybody on this machine: chmod 600 it, and make a new key if others use the machine`;
    return readDkimKey(domain, selector, content);
  } catch (error) {
    if (error instanceof DkimKeyRefused) return `${told} ${error.message}`;
    return `${told} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'UNKNOWN'})`;
  }
}

async function readWithMode(path: string): Promise<{ readonly mode: number; readonly content: Buffer }> {
  const file = await open(path, 'r');
  try {
    return { mode: (await file.stat()).mode, content: await file.readFile() };
  } finally {
    await file.close();
  }
}
