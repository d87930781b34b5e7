import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NO_STREAM } from '@consent-ledger/event-store';
import { createContactIds } from '@consent-ledger/privacy';
import { openReadModels } from '@consent-ledger/projections';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, event, makeLedger, type LedgerFixture } from './ledger.fixture.js';

const SHIPPED = 'libs/consent/policies/dnp-giftcard.yaml';
const clock = { now: () => Date.parse('2026-06-15T10:00:00Z') };
const statement = { id: 'signup-form', version: 1, language: 'nl', hash: 'aa'.repeat(32) };

let ledger: LedgerFixture;
beforeEach(async () => {
  ledger = await makeLedger();
  await ledger.run(['policy', 'publish', SHIPPED], { clock });
  await optIn(contactId(2), '2023-07-01T10:00:00.000Z');
  await optIn(contactId(3), '2026-01-01T10:00:00.000Z');
});
afterEach(() => ledger.remove());

function optIn(contact: string, at: string) {
  const data = { purposes: ['newsletter'], statement, actOf: 'person' };
  const opted = event('OptedIn', data, { occurredAt: at, recordedAt: at });
  return ledger.withStore((store) => store.append(`contact-${contact}`, NO_STREAM, [opted]));
}

const file = (name: string) => join(ledger.directory, name);
const read = (name: string) => readFileSync(file(name), 'utf8');
const simulate = (...args: string[]) => ledger.run(['simulate', ...args], { clock });

/** The shipped policy with consent for a year. */
function yearly(): string {
  const text = readFileSync(SHIPPED, 'utf8').replace('version: 1\n', 'version: 2\n');
  writeFileSync(file('yearly.yaml'), text.replaceAll('renewAfter: P3Y', 'renewAfter: P1Y'));
  return file('yearly.yaml');
}

describe('simulating all contacts', () => {
  it('tells who may be sent what, and what falls due in each month (P5, P7)', async () => {
    const { code, stdout } = await simulate('--months', '3');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '2 contacts at 2026-06-15T10:00:00.000Z, judged by dnp-giftcard version 1',
        '',
        'purpose               eligible  reasons',
        'newsletter                   2  CONSENT 2',
        'event-invitation             0  NO_CONSENT 2',
        'personalised-message         0  NO_CONSENT 2',
        'sales-contact                0  NO_CONSENT 2',
        'service                      2  SERVICE 2',
        '',
        'month    prompts  reminders  lapses  evidence ends  erasures',
        'overdue        0          0       0              0         0',
        '2026-06        0          0       0              0         0',
        '2026-07        1          1       1              0         0',
        '2026-08        0          0       0              0         0',
        '',
      ].join('\n'),
    );
  });

  it('supposes the policy of a file, and writes what it found as JSON, as CSV and as a picture', async () => {
    const outputs = ['--json', file('a.json'), '--csv', file('a.csv'), '--svg', file('a.svg')];
    const { code, stdout } = await simulate('--policy', yearly(), '--from', '2026-06-15T12:00:00+02:00', ...outputs);
    expect(code).toBe(0);
    expect(stdout).toContain('supposed: dnp-giftcard version 2 in force from 2026-06-15T10:00:00.000Z\n');
    expect(stdout).toMatch(
      /^newsletter +1 +0 +1 {2}CONSENT_LAPSED 1, CONSENT 1$|^newsletter +1 +0 +1 {2}CONSENT 1, CONSENT_LAPSED 1$/m,
    );
    expect(stdout).toContain('Of 0 messages that went out, 0 would have been refused');
    expect(JSON.parse(read('a.json'))).toMatchObject({ contacts: 2, purposes: { newsletter: { lost: 1 } } });
    expect(read('a.csv')).toContain('\nlost,,,newsletter,,1,,,\n');
    expect(read('a.svg')).toMatch(/^<svg /);
  });

  it('writes who lapses when (P5)', async () => {
    await simulate('--lapses', file('lapses.csv'));
    expect(read('lapses.csv')).toBe(
      [
        'contactId,purpose,lapsesAt',
        `${contactId(2)},newsletter,2026-07-31T10:00:00.000Z`,
        `${contactId(3)},newsletter,2029-01-31T10:00:00.000Z`,
        '',
      ].join('\n'),
    );
  });

  it('says the same beside a service that keeps the read models to itself', async () => {
    const stopped = await simulate('--months', '1');
    const held = openReadModels(ledger.readModelsPath);
    const beside = await simulate('--months', '1');
    held.close();
    expect(beside).toStrictEqual({
      ...stopped,
      stderr: 'The service runs, and keeps its read models to itself: the log is read from its start.\n',
    });
  });

  it('goes on from the read models as they are: what was recorded since is counted', async () => {
    await simulate();
    await optIn(contactId(4), '2026-02-01T10:00:00.000Z');
    expect((await simulate('--months', '1')).stdout).toMatch(/^3 contacts/);
  });

  it.each([
    [['--from', '2026-07-01T00:00:00Z'], 2, /--from has no meaning without --policy/],
    [['--until', '2026-07-01T00:00:00Z'], 2, /--until has no meaning without --contact/],
    [['--at', 'tomorrow'], 2, /Give an RFC 3339 instant/],
    [['--months', '121'], 2, /Give a whole number from 0 to 120/],
    [['--policy', 'nowhere.yaml'], 1, /There is no file nowhere.yaml/],
    [['--policy', 'dnp-giftcard@9'], 1, /The log holds no policy dnp-giftcard@9/],
    [['--json', '/nowhere/a.json'], 1, /^\/nowhere\/a\.json cannot be written: ENOENT\.$/m],
  ])('%j is refused', async (args, expected, message) => {
    const { code, stdout, stderr } = await simulate(...args);
    expect({ code, stdout }).toStrictEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('stops when asked to', async () => {
    const stop = new AbortController();
    stop.abort();
    const { code, stderr } = await ledger.run(['simulate'], { clock, signal: stop.signal });
    expect({ code, stderr }).toStrictEqual({ code: 1, stderr: 'Stopped: nothing was found out.\n' });
  });
});

describe('looking ahead of one contact', () => {
  it('tells a re-consent from prompt to lapse, and the end of its proof, with the verdicts between (P5, P7)', async () => {
    const { code, stdout } = await simulate('--contact', contactId(2), '--until', '2030-01-01T00:00:00Z');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        `Contact ${contactId(2)}, if nothing happens but what time brings until 2030-01-01T00:00:00.000Z`,
        '',
        '2026-06-15T10:00:00.000Z  as things stand, by dnp-giftcard version 1',
        '    newsletter            yes  CONSENT until 2026-07-31T10:00:00.000Z',
        '    event-invitation      no   NO_CONSENT',
        '    personalised-message  no   NO_CONSENT',
        '    sales-contact         no   NO_CONSENT',
        '    service               yes  SERVICE',
        '2026-07-01T10:00:00.000Z  asked again about newsletter',
        '2026-07-15T10:00:00.000Z  reminded of the question about newsletter',
        '2026-07-31T10:00:00.000Z  consent lapses for newsletter',
        '    newsletter            no   CONSENT_LAPSED',
        '2028-07-31T10:00:00.000Z  personal data is erased: consent, consent-proof ended',
        '    newsletter            no   ERASED',
        '    event-invitation      no   ERASED',
        '    personalised-message  no   ERASED',
        '    sales-contact         no   ERASED',
        '    service               no   ERASED',
        '',
      ].join('\n'),
    );
  });

  it('knows a contact by its address too, under the pepper of the service, and repeats none', async () => {
    const pepper = Buffer.alloc(32, 7);
    const address = 'jan@example.org';
    await optIn(createContactIds(pepper).fromAddress(address), '2026-01-01T10:00:00.000Z');
    const key = Buffer.alloc(32, 8).toString('base64');
    const environment = {
      LEDGER_PEPPER: pepper.toString('base64'),
      LEDGER_MASTER_KEY: key,
      LEDGER_LINK_KEYS: `k1:${key}`,
    };
    const args = ['simulate', '--contact', ' Jan@EXAMPLE.org', '--policy', yearly()];
    const { code, stdout } = await ledger.run(args, { clock, environment });
    expect(code).toBe(0);
    expect(stdout).toContain('2027-01-01T10:00:00.000Z  asked again about newsletter\n');
    expect(stdout.toLowerCase()).not.toContain('jan@');
    const wrong = await ledger.run(['simulate', '--contact', 'jan @ example'], { clock, environment });
    expect(wrong).toMatchObject({ code: 1, stderr: '--contact is neither a contact id nor an address.\n' });
  });

  it('of whom nothing is known says so', async () => {
    expect(await simulate('--contact', contactId(7))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'Nothing is known of this contact at that moment.\n',
    });
  });
});
