import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { InvalidPolicy, parsePolicy, readPolicies } from './policy-files.js';

const SHIPPED = 'libs/consent/policies/dnp-giftcard.yaml';

type Tree = { [name: string]: any };

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

describe('reading a policy document', () => {
  let shipped: string;
  beforeAll(async () => {
    shipped = await readFile(SHIPPED, 'utf8');
  });

  const changed = (change: (policy: Tree) => void) => {
    const policy = parse(shipped) as Tree;
    change(policy);
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
    const text = changed((policy) => (policy['statements'][0].texts = { nl: 'Ja, één keer per week €5' }));
    expect(parsePolicy(text, 'policy.json').statements[0]!.hashes).toStrictEqual({
      nl: createHash('sha256').update(Buffer.from('Ja, één keer per week €5', 'utf8')).digest('hex'),
    });
  });

  it('does not let the hash of a text be written by hand', () => {
    expect(faultsOf(changed((policy) => (policy['statements'][0].hashes = { nl: 'aa' })))).toStrictEqual([
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

  it.each<{ fault: string; change: (policy: Tree) => void }>([
    { change: (p) => delete p['purposes'], fault: " must have required property 'purposes'" },
    { change: (p) => (p['purpose'] = {}), fault: ' must NOT have additional properties ("purpose")' },
    { change: (p) => (p['id'] = 'DNP'), fault: '/id must match pattern "^[a-z][a-z0-9-]{0,63}$"' },
    { change: (p) => (p['version'] = '1'), fault: '/version must be integer' },
    { change: (p) => (p['version'] = 0), fault: '/version must be >= 1' },
    { change: (p) => (p['version'] = 1.5), fault: '/version must be integer' },
    {
      change: (p) => (p['inForceFrom'] = '2018-05-25'),
      fault: '/inForceFrom must be an RFC 3339 instant with an offset, such as 2018-05-25T00:00:00+02:00',
    },
    { change: (p) => (p['timeZone'] = 'Waalwijk'), fault: '/timeZone "Waalwijk" is not an IANA time zone' },
    {
      change: (p) => (p['controller'].email = 'nobody'),
      fault: '/controller/email must match pattern "^[^@\\s]+@[^@\\s]+$"',
    },
    {
      change: (p) => delete p['controller'].postalAddress,
      fault: "/controller must have required property 'postalAddress'",
    },
    { change: (p) => (p['purposes'] = {}), fault: '/purposes must NOT have fewer than 1 properties' },
    {
      change: (p) => (p['purposes'].newsletter.kind = 'spam'),
      fault: '/purposes/newsletter/kind must be equal to one of the allowed values: commercial, operational',
    },
    {
      change: (p) => (p['purposes'].newsletter.name = {}),
      fault: '/purposes/newsletter/name must NOT have fewer than 1 properties',
    },
    {
      change: (p) => (p['purposes'].newsletter.consent.renewAfter = '3 years'),
      fault: '/purposes/newsletter/consent/renewAfter must match pattern "^P\\d"',
    },
    {
      change: (p) => (p['purposes'].newsletter.consent.renewAfter = 'P3'),
      fault: '/purposes/newsletter/consent/renewAfter "P3" is not an ISO 8601 period such as P3Y or P30D',
    },
    {
      change: (p) => delete p['purposes'].newsletter.consent.answerWindow,
      fault: '/purposes/newsletter/consent/reminderAfter has no meaning without answerWindow',
    },
    {
      change: (p) => (p['purposes'].service.consent = { renewAfter: 'P3Y' }),
      fault: '/purposes/service/consent an operational purpose needs no consent: remove it',
    },
    {
      change: (p) => (p['purposes'].all = p['purposes'].newsletter),
      fault: '/purposes/all a purpose is named in kebab-case, and not "all" or "constructor"',
    },
    {
      change: (p) => (p['softOptIn'].purposes[1] = 'events'),
      fault:
        '/softOptIn/purposes/1 "events" is not one of the purposes: newsletter, event-invitation, personalised-message, sales-contact, service',
    },
    {
      change: (p) => (p['softOptIn'].purposes[0] = 'service'),
      fault: '/softOptIn/purposes/0 "service" is not a commercial purpose',
    },
    {
      change: (p) => (p['softOptIn'].conditions[0] = 'asked'),
      fault:
        '/softOptIn/conditions/0 must be equal to one of the allowed values: informedAtCollection, optOutOffered, similarProducts',
    },
    {
      change: (p) => (p['statements'][1].covers[3] = 'sales'),
      fault:
        '/statements/1/covers/3 "sales" is not one of the purposes: newsletter, event-invitation, personalised-message, sales-contact, service',
    },
    {
      change: (p) => (p['statements'][1] = p['statements'][0]),
      fault: '/statements/1 statement "signup-form" version 1 appears twice',
    },
    {
      change: (p) => (p['statements'][0].texts.nl = ''),
      fault: '/statements/0/texts/nl must NOT have fewer than 1 characters',
    },
    {
      change: (p) => (p['retention'].consentProof.from = 'never'),
      fault: '/retention/consentProof/from must be equal to one of the allowed values: ended, given',
    },
    {
      change: (p) => (p['retention'].consentProof.period = 'P2'),
      fault: '/retention/consentProof/period "P2" is not an ISO 8601 period such as P3Y or P30D',
    },
    {
      change: (p) => (p['retention'].purchase = 'P7X'),
      fault: '/retention/purchase "P7X" is not an ISO 8601 period such as P3Y or P30D',
    },
    {
      change: (p) => (p['serviceMail'].whenRestricted = 'maybe'),
      fault: '/serviceMail/whenRestricted must be equal to one of the allowed values: allow, deny',
    },
  ])('refuses: $fault', ({ change, fault }) => {
    expect(faultsOf(changed(change))).toStrictEqual([fault]);
  });

  it('names every fault at once, after the file', () => {
    const text = changed((policy) => {
      policy['timeZone'] = 'Mars';
      policy['retention'].recording = 'P30';
    });
    expect(() => parsePolicy(text, 'shop.yaml')).toThrow(
      'shop.yaml is not a valid policy:\n' +
        '  /timeZone "Mars" is not an IANA time zone\n' +
        '  /retention/recording "P30" is not an ISO 8601 period such as P3Y or P30D',
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
