import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runIn } from './ledger.fixture.js';

describe('the command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'command-line-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('tells on request how it is used', async () => {
    const { code, stdout, stderr } = await runIn(folder, ['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/keys[^]*policy[^]*rebuild[^]*verify[^]*Exit codes/);
    expect(stderr).toBe('');
  });

  it.each([
    { args: [], says: /Usage: ledger/ },
    { args: ['keys'], says: /Usage: ledger keys/ },
    { args: ['reboot'], says: /unknown command 'reboot'/ },
    { args: ['verify', '--fast'], says: /unknown option '--fast'/ },
    { args: ['rebuild', '--projection', 'people'], says: /policies, api-keys, preferences, deliveries, due-dates/ },
    { args: ['keys', 'create', '--scopes', 'mail'], says: /--name <name>/ },
    { args: ['keys', 'create', '--name', 'crm'], says: /--scopes <scopes>/ },
    {
      args: ['keys', 'create', '--name', 'crm', '--scopes', 'mail,all'],
      says: /"all" is no scope. The scopes are: rec/,
    },
    { args: ['keys', 'create', '--name', 'crm', '--scopes', ''], says: /"" is no scope/ },
    { args: ['keys', 'create', '--name', 'a\nb', '--scopes', 'mail'], says: /printable/ },
    { args: ['keys', 'revoke'], says: /missing required argument 'id'/ },
    { args: ['mail', 'settle'], says: /missing required argument 'file'/ },
    { args: ['policy', 'check'], says: /missing required argument 'file'/ },
  ])('exits with 2 and says what is wrong with "ledger $args"', async ({ args, says }) => {
    const { code, stdout, stderr } = await runIn(folder, args);
    expect({ code, stdout }).toStrictEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  it.each([
    [['keys', 'create', '--name', 'crm', '--scopes', 'mail']],
    [['keys', 'list']],
    [['keys', 'revoke', 'aaaaaaaa']],
    [['import', 'package.json']],
    [['import', 'take-back', 'x']],
    [['export']],
    [['rebuild']],
    [['verify']],
    [['mail', 'kept']],
    [['mail', 'settle', 'x']],
    [['policy', 'publish', 'libs/consent/policies/dnp-giftcard.yaml']],
  ])('refuses "ledger %j" where there is no log, and makes none', async (args) => {
    const { code, stderr } = await runIn(folder, args);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `There is no event log in ${folder}. Set DATA_DIR as the service has it; the first start of the service makes the log.\n`,
    );
    expect(existsSync(join(folder, 'log.sqlite'))).toBe(false);
  });

  it('names a setting that is not right, without a stack trace', async () => {
    const { code, stderr } = await runIn(folder, ['verify'], { environment: { PORT: 'eighty' } });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The configuration is not right:\n {2}- PORT must/);
    expect(stderr).not.toMatch(/ at .*:\d+:\d+/);
  });

  it('says of a log that is another file what to do', async () => {
    writeFileSync(join(folder, 'log.sqlite'), 'not a database, '.repeat(1000));
    const { code, stderr } = await runIn(folder, ['verify']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/is damaged or not an SQLite file. Restore it from a backup/);
  });

  it('shows where an error came from when LOG_LEVEL is debug', async () => {
    writeFileSync(join(folder, 'log.sqlite'), 'not a database, '.repeat(1000));
    const { stderr } = await runIn(folder, ['verify'], { environment: { LOG_LEVEL: 'debug' } });
    expect(stderr).toMatch(/is damaged[^]*\n {4}at /);
  });
});

describe('checking a policy file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'policy-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('finds the policy that ships valid, and says what is in it', async () => {
    const { code, stdout } = await runIn(folder, ['policy', 'check', 'libs/consent/policies/dnp-giftcard.yaml']);
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'dnp-giftcard version 1 is valid.',
        '  in force from  2018-05-25T00:00:00+02:00',
        '  purposes       newsletter, event-invitation, personalised-message, sales-contact, service',
        '  statements     signup-form 1, reconsent 1',
        '',
      ].join('\n'),
    );
  });

  it('names each fault with its path, and fails', async () => {
    const file = join(folder, 'policy.yaml');
    writeFileSync(file, 'id: Shop\nversion: 0\n');
    const { code, stdout, stderr } = await runIn(folder, ['policy', 'check', file]);
    expect({ code, stdout }).toStrictEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`${file} is not a valid policy:\n`);
    expect(stderr).toContain('  /id must match pattern');
    expect(stderr).toContain('  /version must be >= 1');
    expect(stderr).toContain("  / must have required property 'purposes'");
  });

  it('fails for a file that is not there', async () => {
    const { code, stderr } = await runIn(folder, ['policy', 'check', 'absent.yaml']);
    expect({ code, stderr }).toStrictEqual({ code: 1, stderr: 'There is no file or folder absent.yaml.\n' });
  });
});
