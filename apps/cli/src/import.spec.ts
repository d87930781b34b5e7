import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from '@consent-ledger/application';
import { readConfiguration, silentLogger } from '@consent-ledger/platform';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runIn, type RunOptions } from './ledger.fixture.js';

const now = Date.parse('2024-03-01T12:00:00.000Z');
const clock = { now: () => now };
const header = 'Email Address,OPTIN_TIME,UNSUB_TIME\n';
const anna = 'anna@example.org,2023-02-03 04:05:06,\n';
const bram = 'bram@example.org,,2023-08-01 12:00:00\n';
const mailchimp = ['--preset', 'mailchimp', '--purposes', 'newsletter', '--statement', 'signup-form@1:nl'];

describe('ledger import and export', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'import-'));
    file = join(directory, 'contacts.csv');
    const configuration = readConfiguration({ DATA_DIR: directory });
    const ledger = await openLedger({ configuration, logger: silentLogger, clock, publicUrl: 'http://localhost:3000' });
    await ledger.start();
    await ledger.close();
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const run = (args: readonly string[], options: RunOptions = {}) => runIn(directory, args, { clock, ...options });
  const importing = (rows: string, ...more: readonly string[]) => {
    writeFileSync(file, header + rows);
    return run(['import', file, ...mailchimp, ...more]);
  };
  const exported = async () => (await run(['export'])).stdout;

  it('records what the file says, and tells what became of it and how to take it back', async () => {
    const { code, stdout, stderr } = await importing(anna + bram);
    expect({ code, stderr }).toStrictEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^Import [0-9a-f-]{36}\nrows +2\nrecorded +2\nnothing new +0\nrefused +0\n {2}OptedIn +1\n {2}OptedOut +1\nledger import take-back [0-9a-f-]{36} takes it back\.\n$/,
    );
    expect(await exported()).toMatch(/^anna@example\.org,[a-z2-7]{26},newsletter,CONSENT,true,/m);
    expect(await exported()).toMatch(/^bram@example\.org,[a-z2-7]{26},newsletter,OPTED_OUT,false,/m);
  });

  it('makes no vault where the service has another: an erasure would not reach the keys in it (P7)', async () => {
    const vault = join(directory, 'vault.sqlite');
    rmSync(vault);
    const { code, stderr } = await importing(anna);
    expect([code, stderr]).toStrictEqual([1, expect.stringMatching(/^There is no key vault in .*Set KEY_VAULT_URL/)]);
    expect(existsSync(vault)).toBe(false);
  });

  it('records nothing twice, and is the same import each time', async () => {
    const { stdout: first } = await importing(anna + bram);
    const { code, stdout } = await importing(anna + bram);
    expect(code).toBe(0);
    expect(stdout).toMatch(/recorded +0\nnothing new +2\n/);
    expect(stdout.split('\n')[0]).toBe(first.split('\n')[0]);
  });

  it('tells what it refuses with the line, exits with 3, and keeps the rows as they came for their owner alone', async () => {
    const rejected = join(directory, 'rejected.csv');
    const { code, stdout, stderr } = await importing(`${anna}"no, body",2023-01-01,\n`, '--rejected', rejected);
    expect(code).toBe(3);
    expect(stdout).toContain('line 3: INVALID_ADDRESS: The address has no "@".\n');
    expect(stderr).toContain('Not every row was taken as it is');
    expect(readFileSync(rejected, 'utf8')).toBe(
      'refused_line,refused_code,refused_reason,Email Address,OPTIN_TIME,UNSUB_TIME\n' +
        '3,INVALID_ADDRESS,"The address has no ""@"".","no, body",2023-01-01,\n',
    );
    expect(statSync(rejected).mode & 0o777).toBe(0o600);
  });

  it('records nothing in a dry run', async () => {
    const { code, stdout } = await importing(anna, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Dry run: nothing was recorded\.\nrows +1\nwould be recorded +1\n/);
    expect(await exported()).not.toContain('anna');
  });

  it('prints the report as JSON', async () => {
    const { stdout } = await importing(anna, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ dryRun: false, rows: 1, recorded: 1, refused: [] });
  });

  it('takes a whole import back, and says what stays and why (P4)', async () => {
    const { importId } = JSON.parse((await importing(anna + bram, '--json')).stdout) as { importId: string };
    expect(await run(['import', 'take-back', importId])).toStrictEqual({
      code: 0,
      stdout:
        'Took back 1 opt-ins of 1 contacts.\n' +
        'Kept 1 OptedOut: they stop mail, and only the person lets it through again (P4).\n',
      stderr: '',
    });
    expect(await exported()).toMatch(/^anna@example\.org,[a-z2-7]{26},newsletter,NO_CONSENT,false,/m);
    expect(await run(['import', 'take-back', 'another'])).toMatchObject({ code: 1, stderr: /no import with this id/ });
  });

  it('shows how far it is', async () => {
    let second = 0;
    const { stderr } = await (writeFileSync(file, header + anna),
    run(['import', file, ...mailchimp], { clock: { now: () => now + 6_000 * second++ } }));
    expect(stderr).toMatch(/^import: 1 rows \(100%\), [\d,]+ a second\n/m);
  });

  it('stops when it is told to, and says that it goes on from there', async () => {
    const stop = new AbortController();
    stop.abort();
    writeFileSync(file, header + anna);
    const { code, stderr } = await run(['import', file, ...mailchimp], { signal: stop.signal });
    expect({ code, stderr }).toStrictEqual({
      code: 1,
      stderr: 'Stopped. What was done stands, and the same command goes on from there.\n',
    });
    expect((await importing(anna)).stdout).toMatch(/nothing new +1\n/);
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['a file that is not there', ['import', 'nowhere.csv'], 1, /There is no file nowhere\.csv/],
    ['a preset that is unknown', ['import', 'x', '--preset', 'excel'], 2, /mailchimp, hubspot, listmonk/],
    ['a statement that is none', ['import', 'x', '--statement', 'form'], 2, /statement: is <id>@<version>/],
    ['a field that is unknown', ['import', 'x', '--map', 'name=Name'], 2, /the fields are: address, status/],
    ['no file', ['import'], 2, /missing required argument 'file'/],
  ])('refuses %s', async (_, args, code, says) => {
    const outcome = await run(args);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toMatch(says);
  });

  it('names each fault of a file that cannot be used, and records nothing', async () => {
    writeFileSync(file, 'Name\nAnna\n');
    const { code, stderr } = await run(['import', file, ...mailchimp]);
    expect(code).toBe(1);
    expect(stderr).toContain('  address: the header has no column "Email Address" or "Email"\n');
  });

  it('writes the export to a file for its owner alone, and leaves out whom it has no address of', async () => {
    await importing(anna);
    const out = join(directory, 'out.csv');
    expect(await run(['export', '--out', out])).toStrictEqual({ code: 0, stdout: '', stderr: '1 contacts\n' });
    expect(readFileSync(out, 'utf8').split('\n')[1]).toMatch(/^anna@example\.org,/);
    expect(statSync(out).mode & 0o777).toBe(0o600);
  });

  it('needs the secrets that the log was written with', async () => {
    writeFileSync(file, header + anna);
    const environment = { LEDGER_PEPPER: Buffer.alloc(32, 9).toString('base64') };
    const { code, stderr } = await run(['import', file, ...mailchimp], { environment });
    expect(code).toBe(1);
    expect(stderr).toMatch(/LEDGER_PEPPER.*is not the one that this log was written with/);
  });
});
