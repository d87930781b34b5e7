import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeptMail } from './kept-mail.js';

const one = { id: '1'.repeat(64), why: 'no-token' };
const two = { id: '2'.repeat(64), why: 'unsigned-bounce' };
const three = { id: '3'.repeat(64), why: 'no-token' };
const raw = Buffer.from('From: a@b.example\r\n\r\nGraag uitschrijven.\r\n');

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kept-mail-'));
  directory = join(parent, 'inbound');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('mail that waits for a person', () => {
  it('is kept byte for byte, for the owner only, and says why', async () => {
    await createKeptMail({ directory }).keep(raw, one);
    const path = join(directory, `${one.id}.no-token.eml`);
    expect(await readFile(path)).toStrictEqual(raw);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('is kept once, however often it comes', async () => {
    const kept = createKeptMail({ directory, maxMessages: 1 });
    await Promise.all([kept.keep(raw, one), kept.keep(raw, one)]);
    await kept.keep(raw, one);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('is refused while there is no room, and taken again once somebody made some', async () => {
    const kept = createKeptMail({ directory, maxMessages: 2 });
    const outcomes = await Promise.allSettled([one, two, three].map((reason) => kept.keep(raw, reason)));
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(kept.keep(raw, three)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await rm(join(directory, `${one.id}.no-token.eml`));
    await kept.keep(raw, three);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it('is bounded in bytes', async () => {
    const kept = createKeptMail({ directory, maxBytes: raw.length * 2 - 1 });
    await kept.keep(raw, one);
    await expect(kept.keep(raw, two)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is refused where it cannot be written, and nothing is left of it', async () => {
    await writeFile(directory, 'a file in the way');
    await expect(createKeptMail({ directory }).keep(raw, one)).rejects.toThrow();
    expect(await readdir(parent)).toStrictEqual(['inbound']);
  });

  it.each(['../x', 'a'.repeat(63), ''])('is named by nothing but its hash: %j', async (id) => {
    const kept = createKeptMail({ directory });
    expect(() => kept.keep(raw, { id, why: 'no-token' })).toThrow(RangeError);
    expect(() => kept.keep(raw, { id: one.id, why: '../x' })).toThrow(RangeError);
  });
});
