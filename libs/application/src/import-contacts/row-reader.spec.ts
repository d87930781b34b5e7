import { readFileSync } from 'node:fs';
import { Problem } from '@consent-ledger/platform';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { mappingOf, type ImportPreset, type MappingChanges } from './import-mapping.js';
import { createRowReader, type ReadRow, type RowRules } from './row-reader.js';

const statement = { id: 'signup-form', version: 1, language: 'nl' };
const latest = Date.parse('2024-03-01T12:00:00Z');
const at = (text: string) => Date.parse(text);

type Rules = Partial<RowRules> & { readonly changes?: MappingChanges };

function rules(preset: ImportPreset, { changes = {}, ...given }: Rules = {}): RowRules {
  return {
    mapping: mappingOf(preset, changes),
    purposes: ['newsletter'],
    optOutOf: 'all',
    purposeNames: {},
    statement,
    occurredAt: undefined,
    timeZone: 'UTC',
    latest,
    ...given,
  };
}

function readFile(name: string, preset: ImportPreset, given?: Rules): ReadRow[] {
  const text = readFileSync(new URL(`fixtures/${name}`, import.meta.url));
  const [header, ...rows] = parse(text, { bom: true }) as [string[], ...string[][]];
  const read = createRowReader(header, rules(preset, given));
  return rows.map((cells, index) => read(cells, index + 2));
}

/** A file of any kind with these columns and one row. */
function readRow(columns: Readonly<Record<string, string>>, given: Rules = {}): ReadRow {
  const changes = { columns: { address: 'E-mail', status: 'Status', optedInAt: 'Since', ...given.changes?.columns } };
  const read = createRowReader(
    Object.keys(columns),
    rules('csv', { ...given, changes: { ...given.changes, ...changes } }),
  );
  return read(Object.values(columns), 2);
}

function factsOf(rows: readonly ReadRow[]) {
  return rows.map(({ address, facts }) => [address, facts]);
}

function refusedOf({ facts, refusals }: ReadRow) {
  return { facts: facts.map(({ kind }) => kind), refused: refusals.map(({ code, field }) => [code, field]) };
}

const optedIn = (occurredAt: string, purposes = ['newsletter']) => ({
  kind: 'opt-in',
  purposes,
  statement,
  occurredAt: at(occurredAt),
});

describe('an export of Mailchimp', () => {
  it('tells who subscribed, and refuses whoever was added by another (P3)', () => {
    const [anna, bram] = readFile('mailchimp-subscribed.csv', 'mailchimp');
    expect(anna).toStrictEqual({
      address: 'anna@example.org',
      line: 2,
      facts: [optedIn('2023-02-03T04:05:06Z')],
      refusals: [],
    });
    expect(bram).toMatchObject({ address: 'bram@example.org', ...{ facts: [] } });
    expect(refusedOf(bram!).refused).toStrictEqual([['NO_DATE', 'optedInAt']]);
  });

  it('tells who unsubscribed, also where a column that is not read stands there twice (P4)', () => {
    expect(factsOf(readFile('mailchimp-unsubscribed.csv', 'mailchimp', { statement: undefined }))).toStrictEqual([
      ['chantal@example.org', [{ kind: 'opt-out', purposes: 'all', occurredAt: at('2023-08-01T12:00:00Z') }]],
    ]);
  });

  it('tells who was cleaned, which is a bounce and no opt-out', () => {
    expect(factsOf(readFile('mailchimp-cleaned.csv', 'mailchimp'))).toStrictEqual([
      ['daan@example.org', [{ kind: 'bounced', occurredAt: at('2023-09-01T12:00:00Z') }]],
    ]);
  });

  it('has its times in the zone that is named', () => {
    const [anna] = readFile('mailchimp-subscribed.csv', 'mailchimp', { timeZone: 'Europe/Amsterdam' });
    expect(anna!.facts).toStrictEqual([optedIn('2023-02-03T03:05:06Z')]);
  });
});

describe('an export of HubSpot', () => {
  const purposeNames = { 'marketing information': 'newsletter', 'one to one': null };
  const changes = { columns: { optedInAt: 'Newsletter consent date' } };
  const purposes = ['newsletter', 'event-invitation'];

  it('is an opt-in only where the legal basis is consent, and never to what the person opted out of (P3, P4)', () => {
    const rows = readFile('hubspot-contacts.csv', 'hubspot', { purposeNames, changes, purposes });
    expect(factsOf(rows)).toStrictEqual([
      ['anna@example.org', [optedIn('2023-02-03T04:05:00Z', purposes)]],
      ['bram@example.org', [{ kind: 'opt-out', purposes: 'all', occurredAt: undefined }]],
      [
        'chantal@example.org',
        [
          { kind: 'opt-out', purposes: ['newsletter'], occurredAt: undefined },
          optedIn('2023-02-03T04:05:00Z', ['event-invitation']),
        ],
      ],
      ['daan@example.org', []],
    ]);
    expect(refusedOf(rows[3]!).refused).toStrictEqual([['NO_CONSENT', undefined]]);
  });

  it('takes no other date for that of the consent (P3)', () => {
    const [anna] = readFile('hubspot-contacts.csv', 'hubspot', { purposeNames });
    expect(refusedOf(anna!)).toStrictEqual({ facts: [], refused: [['NO_DATE', 'optedInAt']] });
  });

  it('is not read before each subscription type is said to be a purpose, or none (P4)', () => {
    expect(() => readFile('hubspot-contacts.csv', 'hubspot')).toThrow(Problem);
    expect(() =>
      readFile('hubspot-contacts.csv', 'hubspot', { purposeNames: { 'marketing information': 'newsletter' } }),
    ).toThrow('Opted out of email: One to One');
  });

  it('of unsubscribes and bounces tells them apart (P4)', () => {
    expect(factsOf(readFile('hubspot-unsubscribes.csv', 'hubspot', { statement: undefined }))).toStrictEqual([
      ['anna@example.org', [{ kind: 'opt-out', purposes: 'all', occurredAt: undefined }]],
      ['bram@example.org', [{ kind: 'bounced', occurredAt: undefined }]],
      ['chantal@example.org', [{ kind: 'complained', occurredAt: undefined }]],
    ]);
  });
});

describe('an export of listmonk', () => {
  it('tells who was blocked, and does not take "enabled" for an opt-in (P3)', () => {
    const rows = readFile('listmonk.csv', 'listmonk');
    expect(factsOf(rows)).toStrictEqual([
      ['anna@example.org', []],
      ['bram@example.org', [{ kind: 'opt-out', purposes: 'all', occurredAt: at('2023-08-01T12:00:00Z') }]],
      ['chantal@example.org', [{ kind: 'opt-out', purposes: 'all', occurredAt: at('2023-08-02T12:00:00Z') }]],
    ]);
    expect(refusedOf(rows[0]!).refused).toStrictEqual([['STATUS_UNCLEAR', 'status']]);
  });

  it('is one of opt-ins where the operator says so (P3)', () => {
    const [anna] = readFile('listmonk.csv', 'listmonk', { changes: { statuses: { Enabled: 'opted-in' } } });
    expect(anna!.facts).toStrictEqual([optedIn('2023-02-03T04:05:06.123Z')]);
  });
});

describe('an export of this service', () => {
  it('is read as it was written, an opt-out before the opt-in that it ended (P4)', () => {
    const rows = readFile('consent-ledger.csv', 'consent-ledger', { purposes: [], statement: undefined });
    expect(rows.flatMap(({ refusals }) => refusals)).toStrictEqual([]);
    expect(factsOf(rows)).toStrictEqual([
      ['anna@example.org', [optedIn('2023-02-03T04:05:06Z')]],
      ['anna@example.org', []],
      ['=bram@example.org', [{ kind: 'opt-out', purposes: ['newsletter'], occurredAt: at('2023-08-01T12:00:00Z') }]],
      ['chantal@example.org', [{ kind: 'bounced', occurredAt: at('2023-09-01T12:00:00Z') }]],
    ]);
  });
});

describe('a row of any file', () => {
  const row = { 'E-mail': 'anna@example.org', Status: 'subscribed', Since: '2023-02-03' };

  it('is an opt-in with purpose, statement and date (P3)', () => {
    expect(readRow(row).facts).toStrictEqual([optedIn('2023-02-03T00:00:00Z')]);
  });

  it.each<[string, Readonly<Record<string, string>>, Rules, [string, string | undefined]]>([
    ['a statement', row, { statement: undefined }, ['NO_STATEMENT', 'statement']],
    ['a purpose', row, { purposes: [] }, ['NO_PURPOSE', 'purposes']],
    ['a date', { ...row, Since: ' ' }, {}, ['NO_DATE', 'optedInAt']],
    ['a date that can be read', { ...row, Since: '03/02/2023' }, {}, ['BAD_DATE', 'optedInAt']],
    ['a date that has passed', { ...row, Since: '2024-03-02' }, {}, ['OCCURRED_IN_FUTURE', 'optedInAt']],
    ['an address', { ...row, 'E-mail': '' }, {}, ['NO_ADDRESS', 'address']],
    ['an address that is one', { ...row, 'E-mail': 'anna' }, {}, ['INVALID_ADDRESS', 'address']],
    ['a status of known meaning', { ...row, Status: 'constructor' }, {}, ['UNKNOWN_STATUS', 'status']],
    ['a confirmation', { ...row, Status: 'Pending' }, {}, ['PENDING', 'status']],
    ['text in UTF-8', { ...row, Status: 'subs\uFFFDcribed' }, {}, ['BAD_ENCODING', 'status']],
    ['text', { ...row, 'E-mail': 'anna\0@example.org' }, {}, ['BAD_ENCODING', 'address']],
    ['a cell of sound length', { ...row, Since: '2'.repeat(5000) }, {}, ['CELL_TOO_LONG', 'optedInAt']],
  ])('without %s is refused, and says so (P3)', (_, cells, given, refusal) => {
    const { facts, refused } = refusedOf(readRow(cells, given));
    expect(facts).toStrictEqual([]);
    expect(refused).toContainEqual(refusal);
  });

  it('takes from the options what it does not say itself', () => {
    const given = { occurredAt: at('2022-01-01T00:00:00Z') };
    expect(readRow({ ...row, Since: '' }, given).facts).toStrictEqual([optedIn('2022-01-01T00:00:00Z')]);
  });

  it('names its own purposes and statement, and the purposes by the names of the file', () => {
    const cells = { ...row, Lists: 'Nieuws; event-invitation|Nieuws', Text: 'reconsent@1:en' };
    const columns = { purposes: 'lists', statement: 'text' };
    const { facts } = readRow(cells, { changes: { columns }, purposeNames: { nieuws: 'newsletter' } });
    expect(facts).toMatchObject([
      { purposes: ['newsletter', 'event-invitation'], statement: { id: 'reconsent', version: 1, language: 'en' } },
    ]);
  });

  it('that is ragged says nothing, and how many cells it has', () => {
    const read = createRowReader(['Email'], rules('mailchimp'));
    expect(read(['a@example.org', 'b'], 9)).toStrictEqual({
      line: 9,
      facts: [],
      refusals: [{ line: 9, code: 'RAGGED', reason: 'It has 2 cells, and the header 1.' }],
    });
  });

  it.each(['03/02/2023', '2024-03-02', '2'.repeat(5000)])(
    'opts out also where its date is no good (%#), and says so (P4)',
    (date) => {
      const columns = { optedOutAt: 'Until' };
      const read = readRow({ ...row, Status: 'Unsubscribed', Until: date }, { changes: { columns } });
      expect(read.facts).toStrictEqual([{ kind: 'opt-out', purposes: 'all', occurredAt: undefined }]);
      expect(read.refusals).toHaveLength(1);
    },
  );

  it('opts out of everything where the purposes that it names cannot be read (P4)', () => {
    const cells = { ...row, Status: 'unsubscribed', Lists: 'n\uFFFDeuws' };
    const { facts } = readRow(cells, { changes: { columns: { purposes: 'lists' } }, optOutOf: 'all' });
    expect(facts).toStrictEqual([{ kind: 'opt-out', purposes: 'all', occurredAt: undefined }]);
  });

  it('does not opt in where any cell that is read is damaged (P3)', () => {
    const cells = { ...row, Lists: 'n\uFFFDeuws' };
    expect(refusedOf(readRow(cells, { changes: { columns: { purposes: 'lists' } } })).facts).toStrictEqual([]);
  });

  it('is kept without a reference that holds a citizen service number (P9)', () => {
    const cells = { ...row, Ref: 'klant 111222333' };
    const { reference, facts, refusals } = readRow(cells, { changes: { columns: { reference: 'Ref' } } });
    expect(reference).toBeUndefined();
    expect(facts).toHaveLength(1);
    expect(refusals).toMatchObject([{ code: 'CITIZEN_SERVICE_NUMBER', field: 'reference' }]);
  });

  it('never has a cell repeated in a reason', () => {
    const secret = 'geheim';
    const columns = { purposes: 'lists', statement: 'text', reference: 'ref', optedOutAt: 'until' };
    const cells = { 'E-mail': `${secret}@example.org`, Status: secret, Since: secret, Lists: secret, Text: secret };
    for (const Status of [secret, 'subscribed', 'unsubscribed', 'pending', 'active']) {
      const { refusals } = readRow({ ...cells, Status, Ref: secret, Until: secret }, { changes: { columns } });
      expect(JSON.stringify(refusals)).not.toContain(secret);
    }
    expect(JSON.stringify(readRow({ ...cells, 'E-mail': secret }).refusals)).not.toContain(secret);
  });
});

describe('a header', () => {
  it.each<[string, readonly string[], Rules, string]>([
    ['no address', ['Status', 'Since'], {}, 'the header has no column "E-mail"'],
    ['an address twice', ['E-mail', 'e-mail ', 'Status'], {}, 'stands in the header twice'],
  ])('that has %s is refused before any row', (_, header, given, message) => {
    const changes = { columns: { address: 'E-mail', status: 'Status' } };
    try {
      createRowReader(header, rules('csv', { ...given, changes }));
      throw new Error('It was taken.');
    } catch (error) {
      expect((error as Problem).errors).toMatchObject([{ message }]);
    }
  });

  it('of a file of any kind needs to be told which column is the address', () => {
    expect(() => createRowReader(['E-mail'], rules('csv'))).toThrow('address');
  });
});
