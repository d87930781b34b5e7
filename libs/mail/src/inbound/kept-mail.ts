import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '@consent-ledger/platform';
import { exists, prepareDirectory, syncDirectory, writeWhole } from '../mail-files.js';

export interface KeptMailOptions {
  /** Where the messages are kept; made when it is not there, readable by its owner only. */
  readonly directory: string;
  /** The most messages, and the most bytes in all, that wait at once. */
  readonly maxMessages?: number;
  readonly maxBytes?: number;
}

/** Messages that wait for a person. */
export interface KeptMail {
  /**
   * Keeps a message as `<SHA-256>.<why>.eml`, durably; the same bytes are kept once. Throws the problem `UNAVAILABLE` when there
   * is no room: the sender is to try again, and is told by its own server when that is in vain.
   */
  keep(raw: Buffer, why: string): Promise<void>;
}

const MAX_MESSAGES = 2000;
const MAX_BYTES = 256 * 1024 * 1024;
const WHY = /^[a-z-]{1,40}$/;

/** Keeps messages as files. What is in them is readable, and no erasure reaches it: whoever reads them deletes them. */
export function createKeptMail(options: KeptMailOptions): KeptMail {
  const { directory, maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES } = options;
  let last: Promise<void> = Promise.resolve();

  async function write(raw: Buffer, name: string): Promise<void> {
    await prepareDirectory(directory);
    const path = join(directory, `${name}.eml`);
    if (!(await exists(path))) {
      const { messages, bytes } = await measure(directory);
      if (messages >= maxMessages || bytes + raw.length > maxBytes) throw noRoom();
      await writeWhole(path, raw);
    }
    await syncDirectory(directory);
  }

  return {
    keep(raw, why) {
      if (!WHY.test(why)) throw new RangeError('Why a message is kept is told in small letters.');
      const name = `${createHash('sha256').update(raw).digest('hex')}.${why}`;
      // One after the other, or several together would take the room that each of them found.
      const kept = last.then(() => write(raw, name));
      last = kept.catch(() => undefined);
      return kept;
    },
  };
}

async function measure(directory: string): Promise<{ readonly messages: number; readonly bytes: number }> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map((name) => sizeOf(join(directory, name))));
  return { messages: names.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

/** One that somebody took away meanwhile takes no room. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function noRoom(): Problem {
  return new Problem(
    'UNAVAILABLE',
    'Too much mail waits for a person: read what is in DATA_DIR/inbound, delete it, and send this again.',
  );
}
