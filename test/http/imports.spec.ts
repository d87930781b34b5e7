import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type Reply, type RequestOptions, type TestService } from '../support/service.js';
import { ask, clockAt, erasure, eventsOf, eventTypesOf, given, optIn, optOut, somebody } from './given.js';

const header = 'Email Address,OPTIN_TIME,UNSUB_TIME\n';
const subscribed = (address: string) => `${address},2023-02-03 04:05:06,\n`;
const unsubscribed = (address: string) => `${address},,2023-08-01 12:00:00\n`;
const asked = { preset: 'mailchimp', purposes: 'newsletter', statement: 'signup-form@1:nl' };

describe('imports over HTTP', () => {
  let service: TestService;
  const clock = clockAt('2024-03-01T12:00:00.000Z');
  beforeAll(async () => {
    service = await startService({ clock });
  });
  afterAll(() => service.stop());

  function importing(
    raw: Exclude<RequestOptions['raw'], undefined>,
    query: Readonly<Record<string, string>> | URLSearchParams = asked,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const path = `/v1/imports?${new URLSearchParams(query).toString()}`;
    return service.request('POST', path, { raw, headers: { 'Content-Type': 'text/csv', ...headers } });
  }

  it('records who subscribed and who left, as of then, and tells what became of each row (P3, P4)', async () => {
    const [anna, bram] = [somebody(), somebody()];
    const { status, body } = await importing(`${header}${subscribed(anna)}${unsubscribed(bram)}nobody,,\n`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      dryRun: false,
      rows: 3,
      recorded: 2,
      unchanged: 0,
      refusedRows: 1,
      events: { OptedIn: 1, OptedOut: 1 },
      refused: [{ line: 4, field: 'address', code: 'INVALID_ADDRESS' }],
    });
    expect(await ask(service, anna, 'newsletter')).toMatchObject({ eligible: true, reason: 'CONSENT' });
    expect(await ask(service, anna, 'newsletter', { at: '2023-02-03T04:05:05Z' })).toMatchObject({ eligible: false });
    expect(await ask(service, bram, 'sales-contact')).toMatchObject({ reason: 'OPTED_OUT' });
    const [event] = await eventsOf(service, anna);
    expect(event).toMatchObject({ type: 'OptedIn', source: { kind: 'import' }, data: { actOf: 'reported' } });
    expect(event.personal).toStrictEqual({ address: anna });
  });

  it('never puts an opt-in over an opt-out: the row is refused with the rule (P4)', async () => {
    const address = somebody();
    await given(service, address, optOut(['newsletter']));
    const { body } = await importing(`${header}${subscribed(address)}`);
    expect(body).toMatchObject({ recorded: 0, refusedRows: 1, refused: [{ line: 2, code: 'OPTED_OUT' }] });
    expect(await eventTypesOf(service, address)).toStrictEqual(['OptedOut']);
  });

  it('records nothing twice, and nothing at all in a dry run', async () => {
    const file = `${header}${subscribed(somebody())}${unsubscribed(somebody())}`;
    expect((await importing(file, { ...asked, dryRun: 'true' })).body).toMatchObject({ dryRun: true, recorded: 2 });
    expect((await importing(file)).body).toMatchObject({ dryRun: false, recorded: 2 });
    expect((await importing(file)).body).toMatchObject({ recorded: 0, unchanged: 2 });
  });

  it('takes a whole import back, save what stops mail (P4, law 2)', async () => {
    const [anna, bram] = [somebody(), somebody()];
    const { importId } = (await importing(`${header}${subscribed(anna)}${unsubscribed(bram)}`)).body;
    const { status, body } = await service.request('POST', `/v1/imports/${importId}/take-back`);
    expect([status, body]).toMatchObject([200, { importId, contacts: 1, optIns: 1, kept: { OptedOut: 1 } }]);
    expect(await ask(service, anna, 'newsletter')).toMatchObject({ reason: 'NO_CONSENT' });
    expect(await ask(service, bram, 'newsletter')).toMatchObject({ reason: 'OPTED_OUT' });
    expect((await service.get(`/v1/imports/${importId}`)).body).toMatchObject({
      state: 'taken-back',
      preset: 'mailchimp',
      options: { purposes: ['newsletter'] },
      finished: { rows: 2, recorded: 2 },
      takenBack: { optIns: 1 },
    });
  });

  it('is the same import when it is sent again with its Idempotency-Key', async () => {
    const key = { 'Idempotency-Key': 'spring-list' };
    const first = (await importing(`${header}${subscribed(somebody())}`, asked, key)).body;
    const second = (await importing(`${header}${subscribed(somebody())}`, asked, key)).body;
    expect(second.importId).toBe(first.importId);
    const { body } = await service.request('POST', `/v1/imports/${first.importId}/take-back`);
    expect(body).toMatchObject({ contacts: 2, optIns: 2 });
  });

  it.each(['not-an-id', '3f2b8c1e-5d0a-4c7e-9c55-0d7f6a1b2c3d'])('knows no import %s', async (id) => {
    expect((await service.get(`/v1/imports/${id}`)).status).toBe(404);
    expect((await service.request('POST', `/v1/imports/${id}/take-back`)).status).toBe(404);
  });

  it('reads the columns and words of any file as the query says', async () => {
    const [anna, bram] = [somebody(), somebody()];
    const file = `E-mail;Staat;Lijsten;Sinds\n${anna};aan;Nieuws;2023-07-01 12:00\n${bram};weg;Nieuws;\n`;
    const query = new URLSearchParams({
      map: 'email=E-mail,status=Staat,purposes=Lijsten,optedInAt=Sinds',
      statement: 'signup-form@1:nl',
      purposes: 'sales-contact',
      timeZone: 'Europe/Amsterdam',
    });
    for (const word of ['aan=opted-in', 'weg=opted-out']) query.append('status', word);
    query.append('purposeName', 'Nieuws=newsletter');
    expect((await importing(file, query)).body).toMatchObject({ recorded: 2, refused: [] });
    expect((await eventsOf(service, anna))[0]).toMatchObject({
      occurredAt: '2023-07-01T10:00:00.000Z',
      data: { purposes: ['newsletter'] },
    });
    expect((await eventsOf(service, bram))[0]).toMatchObject({ type: 'OptedOut', data: { purposes: ['newsletter'] } });
  });

  it.each<[string, string, Readonly<Record<string, string>>, number, string]>([
    ['a parameter that is unknown', header, { ...asked, dryrun: 'true' }, 400, 'VALIDATION'],
    ['a preset that is unknown', header, { preset: 'excel' }, 400, 'VALIDATION'],
    ['a status of no meaning', header, { ...asked, status: 'on=yes' }, 400, 'VALIDATION'],
    ['a header without addresses', 'Name\nAnna\n', asked, 400, 'VALIDATION'],
    ['no rows at all', '', asked, 400, 'VALIDATION'],
    ['nothing but blank lines', '\n\n', asked, 400, 'VALIDATION'],
    ['a quote that is never closed', `${header}"x`, asked, 400, 'VALIDATION'],
    ['a purpose that the policy lacks (P10)', header, { ...asked, purposes: 'horoscope' }, 422, 'UNKNOWN_PURPOSE'],
    ['a statement that the policy lacks (P3)', header, { ...asked, statement: 'x@1:nl' }, 422, 'UNKNOWN_STATEMENT'],
  ])('refuses %s', async (_, file, query, status, code) => {
    const reply = await importing(file, query);
    expect([reply.status, reply.body.code]).toStrictEqual([status, code]);
  });

  it('answers what is wrong with a file although most of it was not read', async () => {
    const rows = Buffer.from(`Name\n${'Anna\n'.repeat(2_000_000)}`);
    expect((await importing(rows)).body).toMatchObject({ code: 'VALIDATION', errors: [{ field: 'address' }] });
  });

  it('repeats no address in what it refuses', async () => {
    const { text } = await importing(`${header}jan@@example.org,2023-01-01,\n${'x'.repeat(5000)}@example.org,,\n`);
    expect(text).not.toMatch(/jan@|xxxx/);
  });

  it('takes only CSV', async () => {
    const { status } = await service.request('POST', '/v1/imports', { body: {} });
    expect(status).toBe(415);
  });

  it('exports every contact with an address, which another service imports to the same verdicts', async () => {
    const other = await startService({ clock });
    const people = [somebody(), somebody(), somebody(), somebody()] as const;
    const [consenting, leaving, formula, erased] = [people[0], people[1], `=1+${people[2]}`, people[3]];
    await given(
      service,
      consenting,
      optIn(['newsletter', 'event-invitation'], { occurredAt: '2023-01-02T03:04:05.678Z' }),
    );
    await given(service, leaving, optIn(['newsletter']), optOut('all'));
    await given(service, formula, optIn(['newsletter']));
    await given(service, erased, optIn(['newsletter']), erasure('request'));

    const { status, headers, text } = await service.get('/v1/export');
    expect([status, headers.get('content-type')]).toStrictEqual([200, 'text/csv; charset=utf-8; header=present']);
    expect(text).not.toContain(erased);
    expect(text).toContain(`\n'${formula},`);
    expect(text).toMatch(
      new RegExp(
        `^${consenting},[a-z2-7]{26},newsletter,CONSENT,true,[^,]+,2023-01-02T03:04:05.678Z,signup-form@1:nl,person,web-form,,,,$`,
        'm',
      ),
    );

    const path = '/v1/imports?preset=consent-ledger';
    const { body } = await other.request('POST', path, { raw: text, headers: { 'Content-Type': 'text/csv' } });
    expect(body.refused).toStrictEqual([]);
    for (const address of [consenting, leaving, formula])
      for (const purpose of ['newsletter', 'event-invitation', 'sales-contact']) {
        const [here, there] = [await ask(service, address, purpose), await ask(other, address, purpose)];
        expect([here.reason, here.validUntil]).toStrictEqual([there.reason, there.validUntil]);
      }
    await other.stop();
  });

  describe('as JSON lines', () => {
    const inSight = { Accept: 'application/x-ndjson' };
    const linesOf = ({ text }: Reply) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));

    it('tells how far it is while it runs, then what it came to', async () => {
      const file = header + Array.from({ length: 1100 }, () => unsubscribed(somebody())).join('');
      const reply = await importing(file, asked, inSight);
      expect([reply.status, reply.headers.get('content-type')]).toStrictEqual([
        200,
        'application/x-ndjson; charset=utf-8',
      ]);
      const lines = linesOf(reply);
      const seen = lines.slice(0, -1).map(({ progress }) => progress.rows);
      expect(seen).toStrictEqual([...seen].sort((a, b) => a - b));
      expect([seen.length >= 2, seen.at(-1)]).toStrictEqual([true, 1100]);
      expect(lines.at(-2)).toStrictEqual({ progress: { rows: 1100, bytes: Buffer.byteLength(file) } });
      expect(lines.at(-1)).toMatchObject({ report: { rows: 1100, recorded: 1100, dryRun: false } });
    });

    it('answers what is wrong from the start with its status, and what goes wrong later as the last line', async () => {
      const refused = await importing('Name\nAnna\n', asked, inSight);
      expect([refused.status, refused.body]).toMatchObject([400, { code: 'VALIDATION' }]);

      const cut = await importing(`${header}${subscribed(somebody())}"x`, asked, inSight);
      expect(cut.status).toBe(200);
      const lines = linesOf(cut);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines.slice(0, -1)) expect(line).toMatchObject({ progress: { rows: 1 } });
      expect(lines.at(-1)).toMatchObject({
        problem: { code: 'VALIDATION', status: 400, errors: [{ field: 'line 3' }], correlationId: expect.any(String) },
      });
    });
  });

  it('reads the sample of Mailchimp as it comes', async () => {
    const sample = (name: string) =>
      readFileSync(new URL(`../../libs/application/src/import-contacts/fixtures/${name}`, import.meta.url));
    expect((await importing(sample('mailchimp-subscribed.csv'))).body).toMatchObject({ recorded: 1, refusedRows: 1 });
    expect((await importing(sample('mailchimp-unsubscribed.csv'))).body).toMatchObject({ events: { OptedOut: 1 } });
    expect((await importing(sample('mailchimp-cleaned.csv'))).body).toMatchObject({ events: { MailBounced: 1 } });
  });
});
