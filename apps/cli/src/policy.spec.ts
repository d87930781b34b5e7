import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { contactId, makeLedger, type LedgerFixture } from './ledger.fixture.js';

const SHIPPED = 'libs/consent/policies/dnp-giftcard.yaml';
const NOW = Date.parse('2026-12-01T10:00:00Z');
const clock = { now: () => NOW };

let ledger: LedgerFixture;
beforeEach(async () => {
  ledger = await makeLedger();
});
afterEach(() => ledger.remove());

const run = (...args: string[]) => ledger.run(['policy', ...args], { clock });

/** The shipped policy with some of its text replaced, as a file of its own. */
function policyFile(name: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(SHIPPED, 'utf8');
  for (const [part, other] of Object.entries(replacements)) text = text.replace(part, other);
  const path = join(ledger.directory, name);
  writeFileSync(path, text);
  return path;
}

const secondVersion = (inForceFrom: string, version = 2) =>
  policyFile(`${version}.yaml`, {
    'version: 1\n': `version: ${version}\n`,
    'inForceFrom: 2018-05-25T00:00:00+02:00': `inForceFrom: ${inForceFrom}`,
    'renewAfter: P3Y': 'renewAfter: P18M',
    'covers: [newsletter, event-invitation': 'covers: [newsletter',
  });

describe('publishing a policy file', () => {
  it('appends it to the log, and says from when it counts', async () => {
    expect(await run('publish', SHIPPED)).toStrictEqual({
      code: 0,
      stdout: [
        'dnp-giftcard version 1 is published.',
        '  in force from  2018-05-25T00:00:00+02:00',
        '  published at   2026-12-01T10:00:00.000Z',
        '',
      ].join('\n'),
      stderr: '',
    });
    const [event] = await ledger.withStore((store) => store.readStream('policy-dnp-giftcard'));
    expect(event).toMatchObject({ type: 'PolicyPublished', metadata: { actor: { kind: 'agent' } } });
  });

  it('publishes it once, and says that it was published before', async () => {
    await run('publish', SHIPPED);
    const { code, stdout } = await run('publish', SHIPPED);
    expect([code, stdout]).toStrictEqual([
      0,
      'dnp-giftcard version 1 was published before, with the same content: 2026-12-01T10:00:00.000Z.\n',
    ]);
  });

  it('refuses other content under a published version, forced or not', async () => {
    await run('publish', SHIPPED);
    const edited = policyFile('1.yaml', { 'sameActWithin: PT5M': 'sameActWithin: PT2M' });
    for (const force of [[], ['--force', '--reason', 'It is better.']])
      expect(await run('publish', edited, ...force)).toStrictEqual({
        code: 1,
        stdout: '',
        stderr:
          'Policy "dnp-giftcard" version 1 was published with another content. Give the changed policy a new version.\n',
      });
  });

  it('refuses one in force from before now once somebody is known, unless it is forced with a reason', async () => {
    await run('publish', SHIPPED);
    await ledger.addContact(contactId(2));
    const backdated = secondVersion('2026-11-30T23:59:59+00:00');
    const refused = await run('publish', backdated);
    expect([refused.code, refused.stderr]).toStrictEqual([1, expect.stringContaining('which has passed')]);

    const { code, stdout } = await run('publish', backdated, '--force', '--reason', ' Decided in June. ');
    expect([code, stdout]).toStrictEqual([
      0,
      expect.stringMatching(/^dnp-giftcard version 2 is published, and judges the past anew\.$/m),
    ]);
    const [, event] = await ledger.withStore((store) => store.readStream('policy-dnp-giftcard'));
    expect(event!.data).toMatchObject({ forced: true, reason: 'Decided in June.' });
  });

  it('refuses one that an earlier version would follow, unless it is forced with a reason', async () => {
    await run('publish', SHIPPED);
    await run('publish', secondVersion('2027-03-01T00:00:00Z'));
    const earlier = secondVersion('2027-02-01T00:00:00Z', 3);
    const refused = await run('publish', earlier);
    expect([refused.code, refused.stderr]).toStrictEqual([1, expect.stringContaining('version 2, published before')]);

    const { code, stdout } = await run('publish', earlier, '--force', '--reason', 'Decided in June.');
    expect([code, stdout]).toStrictEqual([0, expect.stringContaining('is in force only until the version')]);
  });

  it.each([
    [['--force'], /--force needs --reason/],
    [['--force', '--reason', ' '], /Say why/],
  ])('exits with 2 for %j', async (args, says) => {
    const { code, stderr } = await run('publish', SHIPPED, ...args);
    expect([code, stderr]).toStrictEqual([2, expect.stringMatching(says)]);
  });

  it('refuses a citizen service number in the reason, and does not repeat it (P9)', async () => {
    const { code, stderr } = await run('publish', SHIPPED, '--reason', 'Asked for by 111222333.');
    expect([code, stderr]).toStrictEqual([1, expect.stringMatching(/citizen service number \(BSN\).*leave it out/)]);
    expect(stderr).not.toContain('111222333');
    expect(await ledger.withStore((store) => store.head())).toBe(-1);
  });

  it('names the faults of a document, and what is no file', async () => {
    const faulty = policyFile('faulty.yaml', { 'Europe/Amsterdam': 'Mars' });
    expect((await run('publish', faulty)).stderr).toContain('/timeZone "Mars" is not an IANA time zone');
    expect(await run('publish', 'absent.yaml')).toMatchObject({ code: 1, stderr: 'There is no file absent.yaml.\n' });
    expect((await run('publish', ledger.directory)).stderr).toContain('is a folder: name one policy file.');
    expect(await ledger.withStore((store) => store.head())).toBe(-1);
  });
});

describe('the difference between two policies', () => {
  it('is a list of what changes, periods in words and lists by name, and 1 as diff says it', async () => {
    expect(await run('diff', SHIPPED, secondVersion('2027-01-01T00:00:00+01:00'))).toStrictEqual({
      code: 1,
      stdout: [
        '/version',
        '  - 1',
        '  + 2',
        '/inForceFrom',
        '  - 2018-05-25T00:00:00+02:00',
        '  + 2027-01-01T00:00:00+01:00',
        '/purposes/newsletter/consent/renewAfter',
        '  - 3 years (P3Y)',
        '  + 1 year, 6 months (P18M)',
        '/statements/signup-form@1/covers',
        '  - event-invitation',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it('is nothing, and 0, between a file and what was published of it', async () => {
    await run('publish', SHIPPED);
    expect(await run('diff', SHIPPED, 'dnp-giftcard@1')).toStrictEqual({ code: 0, stdout: '', stderr: '' });
    expect(await run('diff', 'dnp-giftcard@1', SHIPPED, '--json')).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it('is told between two published versions as JSON', async () => {
    await run('publish', SHIPPED);
    await run('publish', secondVersion('2027-01-01T00:00:00+01:00'));
    const { code, stdout } = await run('diff', 'dnp-giftcard@1', 'dnp-giftcard@2', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toStrictEqual([
      { path: '/version', before: 1, after: 2 },
      { path: '/inForceFrom', before: '2018-05-25T00:00:00+02:00', after: '2027-01-01T00:00:00+01:00' },
      { path: '/purposes/newsletter/consent/renewAfter', before: 'P3Y', after: 'P18M' },
      { path: '/statements/signup-form@1/covers', added: [], removed: ['event-invitation'] },
    ]);
  });

  it.each([
    ['a version that is not published', 'dnp-giftcard@9', /holds no policy dnp-giftcard@9, and there is no file/],
    ['a file that is not there', 'absent.yaml', /There is no file absent\.yaml/],
    ['a file that is no policy', 'package.json', /is not a valid policy/],
  ])('is trouble, and 2, for %s', async (_what, name, says) => {
    const { code, stdout, stderr } = await run('diff', SHIPPED, name);
    expect([code, stdout, stderr]).toStrictEqual([2, '', expect.stringMatching(says)]);
  });
});
