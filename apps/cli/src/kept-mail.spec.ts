import { existsSync, readdirSync, utimesSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeptMail } from '@consent-ledger/mail';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeLedger, type LedgerFixture } from './ledger.fixture.js';

describe('mail that waits for a person, on the command line', () => {
  let ledger: LedgerFixture;
  let directory: string;
  beforeEach(async () => {
    ledger = await makeLedger();
    directory = join(ledger.directory, 'inbound');
  });
  afterEach(() => ledger.remove());

  /** Keeps a message that came in on a day, and answers the name of its file. */
  async function keep(text: string, why: string, day: string): Promise<string> {
    const before = existsSync(directory) ? readdirSync(directory) : [];
    await createKeptMail({ directory }).keep(Buffer.from(`From: jan@geheim.example\r\n\r\n${text}`), why);
    const file = readdirSync(directory).find((name) => !before.includes(name))!;
    utimesSync(join(directory, file), new Date(day), new Date(day));
    return file;
  }

  it('is listed, the oldest first, without telling who wrote it (P7)', async () => {
    const late = await keep('Graag uitschrijven.', 'no-token', '2026-03-02T10:00:00Z');
    const early = await keep('Undelivered', 'unsigned-bounce', '2026-03-01T10:00:00Z');
    const { code, stdout } = await ledger.run(['mail', 'kept']);
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(/ +/))).toStrictEqual([
      ['KEPT', 'WHY', 'BYTES', 'FILE'],
      ['2026-03-01', 'unsigned-bounce', '39', early],
      ['2026-03-02', 'no-token', '47', late],
      [''],
    ]);
    expect(stdout).not.toContain('geheim');
  });

  it('is listed as JSON', async () => {
    const file = await keep('Graag uitschrijven.', 'no-token', '2026-03-02T10:00:00Z');
    const { stdout } = await ledger.run(['mail', 'kept', '--json']);
    expect(JSON.parse(stdout)).toStrictEqual([
      { file, keptAt: '2026-03-02T10:00:00.000Z', why: 'no-token', bytes: 47 },
    ]);
  });

  it('is none before any came in', async () => {
    expect((await ledger.run(['mail', 'kept'])).stdout).toBe('No mail waits for a person.\n');
    expect((await ledger.run(['mail', 'kept', '--json'])).stdout).toBe('[]\n');
  });

  it('is deleted once a person has dealt with it, and that alone (P7)', async () => {
    const one = await keep('Graag uitschrijven.', 'no-token', '2026-03-02T10:00:00Z');
    const other = await keep('Bedankt', 'no-token', '2026-03-02T10:00:00Z');
    expect(await ledger.run(['mail', 'settle', one])).toStrictEqual({
      code: 0,
      stdout: `Deleted ${one}.\n`,
      stderr: '',
    });
    expect(readdirSync(directory)).toStrictEqual([other]);
  });

  it('is told when it does not wait, and nothing outside its folder is ever deleted', async () => {
    const file = await keep('Graag uitschrijven.', 'no-token', '2026-03-02T10:00:00Z');
    await writeFile(join(ledger.directory, 'beside.eml'), 'stays');
    const { code, stdout, stderr } = await ledger.run(['mail', 'settle', '../beside.eml', '../log.sqlite', file]);
    expect([code, stdout]).toStrictEqual([1, `Deleted ${file}.\n`]);
    expect(stderr).toBe('No such mail waits: ../beside.eml, ../log.sqlite. "ledger mail kept" lists what does.\n');
    expect(readdirSync(ledger.directory)).toEqual(expect.arrayContaining(['beside.eml', 'log.sqlite']));
  });
});
