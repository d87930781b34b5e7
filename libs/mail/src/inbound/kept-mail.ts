import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '@consent-ledger/consent';
import { Problem } from '@consent-ledger/platform';
import { exists, prepareDirectory, syncDirectory, systemCode, writeWhole } from '../mail-files.js';

export interface KeptMailOptions {
  /** Where the messages are kept; made when it is not there, readable by its owner only. */
  readonly directory: string;
  /** The most messages, and the most bytes in all, that wait at once in each room. */
  readonly maxMessages?: number;
  readonly maxBytes?: number;
}

/** A message that waits for a person; nothing here tells who wrote it. */
export interface KeptMessage {
  /** The name of its file. */
  readonly file: string;
  /** Why it is kept, as it stands in the name; `other` for a file that the service did not put there. */
  readonly why: string;
  readonly keptAt: Instant;
  readonly bytes: number;
}

/** Mail that programs write has a room of its own: however much of it comes, there is place for what people write (P4). */
export type Room = 'people' | 'programs';

/** Messages that wait for a person. */
export interface KeptMail {
  /**
   * Keeps a message as `<SHA-256>.<why>.eml`, durably; the same bytes are kept once. Throws the problem `UNAVAILABLE` when there
   * is no room for its kind: the sender is to try again, and is told by its own server when that is in vain.
   */
  keep(raw: Buffer, why: string): Promise<void>;
  /** What waits, the longest first. */
  list(): Promise<readonly KeptMessage[]>;
  /** Deletes, durably, a message that a person has dealt with; answers whether one of that name waited. */
  settle(file: string): Promise<boolean>;
}

const MAX_MESSAGES = 2000;
const MAX_BYTES = 128 * 1024 * 1024;
/** Why a message is kept that is a program's, or that nobody's mail program writes. */
const OF_PROGRAMS = new Set([
  'maybe-automatic',
  'other-feedback',
  'unknown-delivery',
  'unreadable',
  'unsigned-bounce',
  'unsigned-complaint',
]);
const WHY = /^[a-z-]{1,40}$/;
/** With `.tmp` it is a draft: one that a crash left there holds the message as well. */
const FILE = /^[0-9a-f]{64}\.([a-z-]{1,40})\.eml(\.tmp)?$/;

/** Keeps messages as files. What is in them is readable, and no erasure reaches it: whoever deals with one settles it. */
export function createKeptMail(options: KeptMailOptions): KeptMail {
  const { directory, maxMessages = MAX_MESSAGES, maxBytes = MAX_BYTES } = options;
  const measure = measuring(directory);
  let last: Promise<void> = Promise.resolve();

  async function write(raw: Buffer, name: string, room: Room): Promise<void> {
    await prepareDirectory(directory);
    const path = join(directory, `${name}.eml`);
    if (!(await exists(path))) {
      const { messages, bytes } = await measure(room);
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
      const kept = last.then(() => write(raw, name, roomOf(why)));
      last = kept.catch(() => undefined);
      return kept;
    },
    list: () => filesIn(directory),
    async settle(file) {
      // Only what is listed: a name cannot lead to another directory.
      const waiting = await filesIn(directory);
      if (!waiting.some((message) => message.file === file)) return false;
      await rm(join(directory, file), { force: true });
      await syncDirectory(directory);
      return true;
    },
  };
}

/** What share of each room is left for further messages that wait: between 0 and 1. */
export function roomLeft(waiting: readonly KeptMessage[]): Readonly<Record<Room, number>> {
  const shareOf = (room: Room) => {
    const inIt = waiting.filter(({ why }) => roomOf(why) === room);
    const bytes = inIt.reduce((sum, message) => sum + message.bytes, 0);
    return Math.max(0, 1 - Math.max(inIt.length / MAX_MESSAGES, bytes / MAX_BYTES));
  };
  return { people: shareOf('people'), programs: shareOf('programs') };
}

function roomOf(why: string): Room {
  return OF_PROGRAMS.has(why) ? 'programs' : 'people';
}

/** Measures what waits in a room. A message never changes, so that each is looked at once, also while many are refused. */
function measuring(directory: string) {
  const sizes = new Map<string, number>();

  async function sizeOf(file: string): Promise<number | undefined> {
    const known = sizes.get(file) ?? (await messageIn(directory, file))?.bytes;
    if (known !== undefined && file.endsWith('.eml')) sizes.set(file, known);
    return known;
  }

  return async (room: Room): Promise<{ readonly messages: number; readonly bytes: number }> => {
    const files = new Set(await namesIn(directory));
    for (const file of sizes.keys()) if (!files.has(file)) sizes.delete(file);
    const inRoom = [...files].filter((file) => roomOf(whyOf(file)) === room);
    const found = (await Promise.all(inRoom.map(sizeOf))).filter((bytes) => bytes !== undefined);
    return { messages: found.length, bytes: found.reduce((sum, bytes) => sum + bytes, 0) };
  };
}

function whyOf(file: string): string {
  return FILE.exec(file)?.[1] ?? 'other';
}

async function filesIn(directory: string): Promise<readonly KeptMessage[]> {
  const files = await Promise.all((await namesIn(directory)).map((file) => messageIn(directory, file)));
  return files
    .filter((message) => message !== undefined)
    .sort((a, b) => a.keptAt - b.keptAt || (a.file < b.file ? -1 : 1));
}

/** None before the first message is kept. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** `undefined` for one that somebody took away meanwhile. */
async function messageIn(directory: string, file: string): Promise<KeptMessage | undefined> {
  try {
    const found = await stat(join(directory, file));
    if (!found.isFile()) return undefined;
    return { file, why: whyOf(file), keptAt: Math.floor(found.mtimeMs), bytes: found.size };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function noRoom(): Problem {
  return new Problem(
    'UNAVAILABLE',
    'Too much mail waits for a person: read what is in DATA_DIR/inbound, delete it, and send this again.',
  );
}
