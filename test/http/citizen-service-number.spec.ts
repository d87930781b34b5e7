import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import {
  deliverability,
  erasure,
  eventsOf,
  legalHold,
  optIn,
  optOut,
  record,
  relationship,
  restriction,
  somebody,
} from './given.js';

const number = '111222333';
const spelled = '1112.22.333';

describe('a citizen service number (P9)', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  const source = { kind: 'customer-service', reference: `T-1, bsn ${spelled}` };
  it.each([
    ['source.reference', optIn(['newsletter'], { source })],
    ['evidence.note', optIn(['newsletter'], { evidence: { note: `legitimatie: ${number}` } })],
    ['evidence.url', optIn(['newsletter'], { evidence: { url: `https://shop.example/aanmelden?bsn=${number}` } })],
    ['evidence.userAgent', optIn(['newsletter'], { evidence: { userAgent: `Mozilla/5.0 ${number}` } })],
    ['evidence.recordingRef', optIn(['newsletter'], { evidence: { recordingRef: spelled } })],
    ['evidence.ip', optIn(['newsletter'], { evidence: { ip: number } })],
    ['source.reference', optOut(['newsletter'], { source })],
    ['source.reference', relationship('purchase', { source })],
    ['source.reference', deliverability('complained', { source })],
    ['source.reference', erasure('request', { source })],
    ['reason', legalHold(true, { reason: `zaak over bsn ${number}` })],
    ['reason', restriction(true, { reason: `kopie van het paspoort, ${spelled}` })],
  ])('is refused in %s, and the answer does not repeat it', async (field, fact) => {
    const address = somebody();
    const { status, body, text } = await record(service, address, fact);
    expect([status, body.code, body.errors[0].field]).toStrictEqual([400, 'VALIDATION', field]);
    expect(body.errors[0].message).toMatch(/citizen service number \(BSN\): leave it out/);
    expect(text).not.toMatch(/1112\.?22\.?333/);
    expect(await eventsOf(service, address)).toStrictEqual([]);
  });

  const mailing = { purpose: 'newsletter', template: 'newsletter', subject: 'Nieuws', variables: {} };
  it.each([
    ['subject', { subject: `Uw nummer ${number}` }],
    ['variables', { variables: { deep: [{ title: spelled }] } }],
    ['variables', { variables: { number: Number(number) } }],
    ['recipients.0.variables', { recipients: [{ address: 'a@example.org', variables: { [number]: '' } }] }],
  ])('is refused in the %s of a mailing', async (field, part) => {
    const { status, body, text } = await service.post('/v1/mailings', { ...mailing, ...part });
    expect([status, body.code, body.errors[0].field]).toStrictEqual([400, 'VALIDATION', field]);
    expect(text).not.toContain(number);
  });

  it('is refused in a line of recipients, and the lines before it stand', async () => {
    await service.post('/v1/mailings', { ...mailing, id: 'lines' });
    const lines = [{ address: 'b@example.org' }, { address: 'c@example.org', variables: { intro: number } }];
    const { status, body } = await service.request('POST', '/v1/mailings/lines/recipients', {
      raw: lines.map((line) => JSON.stringify(line)).join('\n'),
      headers: { 'Content-Type': 'application/x-ndjson' },
    });
    expect([status, body.errors[0].field]).toStrictEqual([400, 'line 2']);
    expect((await service.get('/v1/mailings/lines')).body.recipients).toBe(1);
  });

  it.each([
    ['an order number with a letter', { source: { kind: 'web-form', reference: `order N${number}` } }],
    ['a telephone number and a date', { evidence: { note: 'op 01-11-2020 gebeld op 06-12345672' } }],
    ['the version of a browser', { evidence: { userAgent: `Mozilla/5.0 [FBAN/FBIOS;FBBV/${number}]` } }],
  ])('is not seen in %s', async (_, part) => {
    expect((await record(service, somebody(), optIn(['newsletter'], part))).status).toBe(201);
  });
});
