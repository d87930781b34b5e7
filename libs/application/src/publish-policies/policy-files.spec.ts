import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { InvalidPolicy, parsePolicy, readPolicies } from './policy-files.js';

const SHIPPED = 'libs/consent/policies/dnp-giftcard.yaml';

interface Tree {
  [name: string]: unknown;
}

/** The faults that a policy text is refused with, each as `path message`. */
function faultsOf(text: string): string[] {
  try {
    parsePolicy(text, 'policy.yaml');
  } catch (error) {
    if (error instanceof InvalidPolicy) return error.faults.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
  throw new Error('The policy was taken.');
}

function setAt(tree: Tree, [step, ...steps]: readonly string[], value: unknown): void {
  if (steps.length > 0) return setAt(tree[step!] as Tree, steps, value);
  if (value === undefined) delete tree[step!];
  else tree[step!] = value;
}

describe('reading a policy document', () => {
  let shipped: string;
  beforeAll(async () => {
    shipped = await readFile(SHIPPED, 'utf8');
  });

  /** The shipped policy with another value at a JSON pointer, or without what is there. */
  const changed = (pointer: string, value?: unknown) => {
    const policy = parse(shipped) as Tree;
    setAt(policy, pointer.split('/').slice(1), value);
    return JSON.stringify(policy);
  };

  it('takes the policy that ships', () => {
    expect(parsePolicy(shipped, SHIPPED)).toMatchObject({
      id: 'dnp-giftcard',
      version: 1,
      inForceFrom: '2018-05-25T00:00:00+02:00',
      purposes: { newsletter: { consent: { renewAfter: 'P3Y', answerWindow: 'P30D' } } },
    });
  });

  it('takes the same document written as JSON', () => {
    expect(parsePolicy(JSON.stringify(parse(shipped)), 'policy.json')).toStrictEqual(parsePolicy(shipped, SHIPPED));
  });

  it('completes each statement with the SHA-256 of each text, as it is shown (P3)', () => {
    const { statements } = parsePolicy(shipped, SHIPPED);
    for (const { texts, hashes } of statements)
      for (const [language, text] of Object.entries(texts))
        expect(hashes[language]).toBe(createHash('sha256').update(text).digest('hex'));
    expect(statements.map(({ hashes }) => Object.keys(hashes))).toStrictEqual([
      ['nl', 'en'],
      ['nl', 'en'],
    ]);
  });

  it('hashes bytes in UTF-8, so that another machine comes to the same proof', () => {
    const text = changed('/statements/0/texts', { nl: 'Ja, één keer per week €5' });
    expect(parsePolicy(text, 'policy.json').statements[0]!.hashes).toStrictEqual({
      nl: createHash('sha256').update(Buffer.from('Ja, één keer per week €5', 'utf8')).digest('hex'),
    });
  });

  it('does not let the hash of a text be written by hand', () => {
    expect(faultsOf(changed('/statements/0/hashes', { nl: 'aa' }))).toStrictEqual([
      '/statements/0 must NOT have additional properties ("hashes")',
    ]);
  });

  it('says where YAML does not parse', () => {
    const [fault] = faultsOf('id: shop\nversion: [1\ncontroller: x\n');
    expect(fault).toMatch(/line 3, column \d/);
  });

  it('refuses a name that stands twice', () => {
    expect(faultsOf(`${shipped}\nversion: 2\n`)[0]).toMatch(/Map keys must be unique/);
  });

  it.each(['', 'just text', '[]', '42'])('refuses %j, which is no policy at all', (text) => {
    expect(faultsOf(text)).toStrictEqual([' must be object']);
  });

  it.each<{ at: string; to?: unknown; fault: string }>([
    { at: '/purposes', fault: " must have required property 'purposes'" },
    { at: '/purpose', to: {}, fault: ' must NOT have additional properties ("purpose")' },
    { at: '/id', to: 'DNP', fault: '/id must match pattern "^[a-z][a-z0-9-]{0,63}$"' },
    { at: '/version', to: '1', fault: '/version must be integer' },
    { at: '/version', to: 0, fault: '/version must be >= 1' },
    { at: '/version', to: 1.5, fault: '/version must be integer' },
    {
      at: '/inForceFrom',
      to: '2018-05-25',
      fault: '/inForceFrom must be an RFC 3339 instant with an offset, such as 2027-01-01T00:00:00+01:00',
    },
    { at: '/timeZone', to: 'Waalwijk', fault: '/timeZone "Waalwijk" is not an IANA time zone' },
    {
      at: '/controller/email',
      to: 'nobody',
      fault: '/controller/email must match pattern "^[^@\\s]+@[^@\\s]+$"',
    },
    {
      at: '/controller/postalAddress',
      fault: "/controller must have required property 'postalAddress'",
    },
    { at: '/purposes', to: {}, fault: '/purposes must NOT have fewer than 1 properties' },
    {
      at: '/purposes/newsletter/kind',
      to: 'spam',
      fault: '/purposes/newsletter/kind must be equal to one of the allowed values: commercial, operational',
    },
    {
      at: '/purposes/newsletter/name',
      to: {},
      fault: '/purposes/newsletter/name must NOT have fewer than 1 properties',
    },
    {
      at: '/purposes/newsletter/consent/renewAfter',
      to: '3 years',
      fault: '/purposes/newsletter/consent/renewAfter must match pattern "^P\\d"',
    },
    {
      at: '/purposes/newsletter/consent/renewAfter',
      to: 'P3',
      fault: '/purposes/newsletter/consent/renewAfter "P3" is not an ISO 8601 period such as P1Y or P10D',
    },
    {
      at: '/purposes/newsletter/consent/answerWindow',
      fault: '/purposes/newsletter/consent/reminderAfter has no meaning without answerWindow or promptBefore',
    },
    {
      at: '/purposes/newsletter/consent/renewFrom',
      to: 'opened',
      fault: '/purposes/newsletter/consent/renewFrom must be equal to one of the allowed values: given, last-contact',
    },
    {
      at: '/purposes/newsletter/consent/promptBefore',
      to: 'P30D',
      fault:
        '/purposes/newsletter/consent/promptBefore contradicts answerWindow: a prompt falls due before the consent ends, or opens a window',
    },
    {
      at: '/purposes/service/consent',
      to: { renewAfter: 'P3Y' },
      fault: '/purposes/service/consent an operational purpose needs no consent: remove it',
    },
    {
      at: '/purposes/all',
      to: { kind: 'commercial', name: { en: 'All' }, description: { en: 'All' } },
      fault: '/purposes/all a purpose is named in kebab-case, and not "all" or "constructor"',
    },
    {
      at: '/softOptIn/purposes/1',
      to: 'events',
      fault:
        '/softOptIn/purposes/1 "events" is not one of the purposes: newsletter, event-invitation, personalised-message, sales-contact, service',
    },
    {
      at: '/softOptIn/purposes/0',
      to: 'service',
      fault: '/softOptIn/purposes/0 "service" is not a commercial purpose',
    },
    {
      at: '/softOptIn/conditions/0',
      to: 'asked',
      fault:
        '/softOptIn/conditions/0 must be equal to one of the allowed values: informedAtCollection, optOutOffered, similarProducts',
    },
    {
      at: '/statements/1/covers/3',
      to: 'sales',
      fault:
        '/statements/1/covers/3 "sales" is not one of the purposes: newsletter, event-invitation, personalised-message, sales-contact, service',
    },
    {
      at: '/statements/0/id',
      to: 'reconsent',
      fault: '/statements/1 statement "reconsent" version 1 appears twice',
    },
    {
      at: '/statements/0/texts/nl',
      to: '',
      fault: '/statements/0/texts/nl must NOT have fewer than 1 characters',
    },
    {
      at: '/retention/consentProof/from',
      to: 'never',
      fault: '/retention/consentProof/from must be equal to one of the allowed values: ended, given',
    },
    {
      at: '/retention/consentProof/period',
      to: 'P2',
      fault: '/retention/consentProof/period "P2" is not an ISO 8601 period such as P1Y or P10D',
    },
    {
      at: '/retention/purchase',
      to: 'P7X',
      fault: '/retention/purchase "P7X" is not an ISO 8601 period such as P1Y or P10D',
    },
    { at: '/sameActWithin', to: 'P1D', fault: '/sameActWithin must match pattern "^PT\\d"' },
    {
      at: '/sameActWithin',
      to: 'PT5',
      fault: '/sameActWithin "PT5" is not an ISO 8601 length of time such as PT10M or PT30S',
    },
    {
      at: '/serviceMail/whenRestricted',
      to: 'maybe',
      fault: '/serviceMail/whenRestricted must be equal to one of the allowed values: allow, deny',
    },
  ])('refuses: $fault', ({ at, to, fault }) => {
    expect(faultsOf(changed(at, to))).toStrictEqual([fault]);
  });

  it('names every fault at once, after the file', () => {
    const text = shipped.replace('Europe/Amsterdam', 'Mars').replace('recording: P30D', 'recording: P30');
    expect(() => parsePolicy(text, 'shop.yaml')).toThrow(
      'shop.yaml is not a valid policy:\n' +
        '  /timeZone "Mars" is not an IANA time zone\n' +
        '  /retention/recording "P30" is not an ISO 8601 period such as P1Y or P10D',
    );
  });
});

describe('reading policy files', () => {
  let folder: string;
  let shipped: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'policies-'));
    shipped = await readFile(SHIPPED, 'utf8');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

  it('reads one file', async () => {
    expect(await readPolicies(SHIPPED)).toStrictEqual([parsePolicy(shipped, SHIPPED)]);
  });

  it('reads every YAML and JSON file of a folder, in the order of their names, and nothing else', async () => {
    write('c.json', JSON.stringify({ ...(parse(shipped) as object), version: 3 }));
    write('a.yaml', shipped);
    write('b.yml', shipped.replace('version: 1', 'version: 2'));
    write('a.yaml.orig', 'not a policy');
    write('README.md', '# Policies');
    expect((await readPolicies(folder)).map(({ version }) => version)).toStrictEqual([1, 2, 3]);
  });

  it('names the file of a folder that is at fault', async () => {
    write('a.yaml', shipped);
    write('b.yaml', 'id: 5');
    await expect(readPolicies(folder)).rejects.toMatchObject({ code: 'INVALID_POLICY', file: join(folder, 'b.yaml') });
  });

  it('refuses a folder without a policy', async () => {
    await expect(readPolicies(folder)).rejects.toThrow(`${folder} is not a valid policy:\n  / holds no policy file`);
  });

  it('rejects for a path where nothing is', async () => {
    await expect(readPolicies(join(folder, 'absent.yaml'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
