import { describe, expect, it } from '@jest/globals';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, instant, optedIn, optedOut } from './contact.fixture.js';
import { eraseByRetention, eraseOnRequest, retentionEndBy } from './erasure.js';
import type { PolicyHistory } from './policy-history.js';
import { compilePolicy } from './policy.js';
import { giftcard, giftcardDocument } from './policy.fixture.js';

const [january, february, march] = ['2024-01-01T10:00:00Z', '2024-02-01T10:00:00Z', '2024-03-01T10:00:00Z'];
const byRetention = (at: string) => happened('PersonalDataErased', at, { reason: 'retention' });
const onRequest = (at: string) => happened('PersonalDataErased', at, { reason: 'request' });
const placed = (at: string) => happened('LegalHoldPlaced', at, {});
const lifted = (at: string) => happened('LegalHoldLifted', at, {});
const dnp: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];

describe('erasure at request (P7)', () => {
  const recorded = { events: [{ type: 'PersonalDataErased', data: { reason: 'request' } }] };
  const given = (...events: ContactEvent[]) => ({ when: () => eraseOnRequest(foldContact(events), {}) });

  it('is recorded, also for a contact never heard of', () => {
    expect(given(optedIn(january)).when()).toStrictEqual(recorded);
    expect(given().when()).toStrictEqual(recorded);
  });

  it('is recorded once while nothing came after', () => {
    expect(given(onRequest(january)).when()).toStrictEqual({ events: [] });
    expect(given(onRequest(january), optedIn(february)).when()).toStrictEqual(recorded);
  });

  it('is recorded over one by retention, for it is an opt-out', () => {
    expect(given(byRetention(january)).when()).toStrictEqual(recorded);
  });

  it('is recorded again after a return, also when retention erased meanwhile', () => {
    expect(given(onRequest(january), optedIn(february), byRetention(march)).when()).toStrictEqual(recorded);
  });

  it('is refused under a legal hold, with what to do, and taken once that is lifted', () => {
    expect(given(optedIn(january), placed(february)).when()).toStrictEqual({
      refused: { code: 'LEGAL_HOLD', detail: expect.stringMatching(/Lift it .* restrict the processing/) },
    });
    expect(given(optedIn(january), placed(february), lifted(march)).when()).toStrictEqual(recorded);
  });
});

describe('erasure at request while the processing is restricted (P9)', () => {
  it('goes before the restriction, which is placed for the person', () => {
    const restricted = happened('ProcessingRestricted', february, {});
    expect(eraseOnRequest(foldContact([optedIn(january), restricted]), {})).toMatchObject({
      events: [{ type: 'PersonalDataErased' }],
    });
  });
});

describe('erasure by retention (P7)', () => {
  const consent = optedIn('2020-06-01T10:00:00Z');
  const lapse = '2023-07-01T10:00:00.000Z';
  const end = '2025-07-01T10:00:00.000Z';
  const grounds = [
    { ground: 'consent', purpose: 'newsletter', endedAt: lapse },
    { ground: 'consent-proof', purpose: 'newsletter', endedAt: end },
  ];
  const recorded = {
    events: [{ type: 'PersonalDataErased', data: { reason: 'retention', grounds } }],
    occurredAt: instant(end),
  };
  const given = (...events: ContactEvent[]) => ({
    when: (at: string | number, history = dnp) =>
      eraseByRetention(foldContact(events), history, typeof at === 'number' ? at : instant(at)),
  });

  it('occurs when the last ground ended, whenever it is asked for, and names the grounds', () => {
    expect(given(consent).when(end)).toStrictEqual(recorded);
    expect(given(consent).when('2030-01-01T00:00:00Z')).toStrictEqual(recorded);
  });

  it('is refused up to the millisecond before, with the grounds that still hold', () => {
    expect(given(consent).when(instant(end) - 1)).toStrictEqual({
      refused: {
        code: 'RETENTION_NOT_ENDED',
        detail: expect.stringContaining(`consent-proof for newsletter until ${end}`),
        grounds: [{ ground: 'consent-proof', purpose: 'newsletter', endsAt: instant(end) }],
      },
    });
  });

  it('is refused under a legal hold, whether it was placed before or after the last ground ended', () => {
    const refused = { refused: { code: 'LEGAL_HOLD', detail: expect.anything() } };
    for (const at of ['2024-01-01T00:00:00Z', '2026-01-01T00:00:00Z'])
      expect(given(consent, placed(at)).when('2030-01-01T00:00:00Z')).toStrictEqual(refused);
  });

  it('occurs when the hold was lifted, if that came last', () => {
    const events = [consent, placed('2024-01-01T00:00:00Z'), lifted('2028-01-01T00:00:00Z')];
    expect(given(...events).when('2030-01-01T00:00:00Z')).toMatchObject({
      occurredAt: instant('2028-01-01T00:00:00Z'),
    });
  });

  it('is refused while the processing is restricted (P9)', () => {
    const restricted = happened('ProcessingRestricted', '2024-01-01T00:00:00Z', {});
    expect(given(consent, restricted).when('2030-01-01T00:00:00Z')).toMatchObject({
      refused: {
        code: 'RETENTION_NOT_ENDED',
        detail: expect.stringContaining('restriction until it is lifted'),
        grounds: [{ ground: 'restriction' }],
      },
    });
  });

  it('records nothing for a contact never heard of, and once while nothing came after', () => {
    expect(given().when(end)).toStrictEqual({ events: [] });
    expect(given(consent, byRetention(end)).when('2030-01-01T00:00:00Z')).toStrictEqual({ events: [] });
    expect(given(onRequest(january)).when('2030-01-01T00:00:00Z')).toStrictEqual({ events: [] });
  });

  it('takes what came after an erasure in its own time', () => {
    const objection = optedOut('2026-01-01T10:00:00Z');
    expect(given(consent, byRetention(end), objection).when('2027-12-31T00:00:00Z')).toMatchObject({
      refused: { code: 'RETENTION_NOT_ENDED' },
    });
    expect(given(consent, byRetention(end), objection).when('2028-01-01T10:00:00Z')).toMatchObject({
      occurredAt: instant('2028-01-01T10:00:00Z'),
    });
  });

  it('is due under the policy of its time, though a later one would hold the data longer (law 3)', () => {
    const { retention } = giftcardDocument;
    const longer = compilePolicy({
      ...giftcardDocument,
      version: 2,
      inForceFrom: '2026-01-01T00:00:00+01:00',
      retention: { ...retention, consentProof: { period: 'P9Y', from: 'ended' } },
    });
    const history: PolicyHistory = [...dnp, { policy: longer, publishedAt: 0 }];
    expect(given(consent).when('2027-01-01T00:00:00Z', history)).toStrictEqual(recorded);
    expect(retentionEndBy(foldContact([consent]), history, instant(end))?.at).toBe(instant(end));
    expect(retentionEndBy(foldContact([consent]), history, instant(end) - 1)).toBeUndefined();
  });
});
