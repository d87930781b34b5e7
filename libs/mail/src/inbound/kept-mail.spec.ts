import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createKeptMail, roomLeft } from './kept-mail.js';

const [one, two, three] = ['Anna', 'Bram', 'Cato'].map((name) =>
  Buffer.from(`From: ${name} <a@b.example>\r\nMessage-ID: <always-the-same@b.example>\r\n\r\nGraag uitschrijven.\r\n`),
) as [Buffer, Buffer, Buffer];
const why = 'no-token';

let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'kept-mail-'));
  directory = join(parent, 'inbound');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

describe('mail that waits for a person', () => {
  it('is kept byte for byte, for the owner only, and says why', async () => {
    await createKeptMail({ directory }).keep(one, why);
    const [name] = await readdir(directory);
    expect(name).toMatch(/^[0-9a-f]{64}\.no-token\.eml$/);
    const path = join(directory, name!);
    expect(await readFile(path)).toStrictEqual(one);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('is kept once, however often it comes', async () => {
    const kept = createKeptMail({ directory, maxMessages: 1 });
    await Promise.all([kept.keep(one, why), kept.keep(one, why)]);
    await kept.keep(one, why);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('is refused while there is no room, and taken again once somebody made some', async () => {
    const kept = createKeptMail({ directory, maxMessages: 2 });
    const outcomes = await Promise.allSettled([one, two, three].map((raw) => kept.keep(raw, why)));
    expect(outcomes.map(({ status }) => status)).toStrictEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(kept.keep(three, why)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await rm(join(directory, (await readdir(directory))[0]!));
    await kept.keep(three, why);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it.each(['unsigned-bounce', 'unsigned-complaint', 'unreadable', 'maybe-automatic'])(
    "finds room when it is a person's, however much programs sent: %s (P4)",
    async (ofPrograms) => {
      const kept = createKeptMail({ directory, maxMessages: 1 });
      await kept.keep(one, ofPrograms);
      await expect(kept.keep(two, ofPrograms)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await kept.keep(two, why);
      await expect(kept.keep(three, 'damaged-token')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    },
  );

  it('leaves less room the more of it waits, in messages or in bytes', () => {
    const waiting = (count: number, reason: string, bytes: number) =>
      Array.from({ length: count }, (_, at) => ({ file: `${at}`, why: reason, keptAt: 0, bytes }));
    expect(roomLeft([])).toStrictEqual({ people: 1, programs: 1 });
    const some = [...waiting(500, why, 1), ...waiting(128, 'unreadable', 512 * 1024)];
    expect(roomLeft(some)).toStrictEqual({ people: 0.75, programs: 0.5 });
    expect(roomLeft(waiting(2500, why, 1)).people).toBe(0);
  });

  it('is bounded in bytes', async () => {
    const kept = createKeptMail({ directory, maxBytes: one.length * 2 - 1 });
    await kept.keep(one, why);
    await expect(kept.keep(two, why)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is listed, the longest waiting first, also a draft that a crash left there (P7)', async () => {
    const kept = createKeptMail({ directory });
    expect(await kept.list()).toStrictEqual([]);
    await kept.keep(one, why);
    await kept.keep(two, 'unreadable');
    const names = await readdir(directory);
    const draft = `${names.find((name) => name.includes(why))!.replace(/^./, 'f')}.tmp`;
    await writeFile(join(directory, draft), 'half');
    for (const name of [...names, draft]) {
      const at = new Date(name === draft ? '2026-03-01' : name.includes(why) ? '2026-03-03' : '2026-03-02');
      await utimes(join(directory, name), at, at);
    }
    expect(await kept.list()).toStrictEqual([
      { file: draft, why, keptAt: Date.parse('2026-03-01'), bytes: 4 },
      { file: expect.any(String), why: 'unreadable', keptAt: Date.parse('2026-03-02'), bytes: two.length },
      { file: expect.any(String), why, keptAt: Date.parse('2026-03-03'), bytes: one.length },
    ]);
  });

  it('is settled by its name, once, and makes room (P7)', async () => {
    const kept = createKeptMail({ directory, maxMessages: 1 });
    await kept.keep(one, why);
    const [message] = await kept.list();
    expect(await kept.settle(message!.file)).toBe(true);
    expect(await kept.settle(message!.file)).toBe(false);
    await kept.keep(two, why);
  });

  it('is refused where it cannot be written, and nothing is left of it', async () => {
    await writeFile(directory, 'a file in the way');
    await expect(createKeptMail({ directory }).keep(one, why)).rejects.toThrow();
    expect(await readdir(parent)).toStrictEqual(['inbound']);
  });

  it('is told apart by its bytes, for two people may share a message id', async () => {
    const kept = createKeptMail({ directory });
    await kept.keep(one, why);
    await kept.keep(two, why);
    expect(await readdir(directory)).toHaveLength(2);
  });

  it.each(['../x', '', 'A', 'x'.repeat(41)])('is not kept for a reason that is no word: %j', (reason) => {
    expect(() => createKeptMail({ directory }).keep(one, reason)).toThrow(RangeError);
  });
});
