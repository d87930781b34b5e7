import { describe, expect, it } from '@jest/globals';
import { consentOnRecord } from './basis.js';
import { foldContact, type ContactEvent } from './contact.js';
import { happened, optedIn, optedOut, reported } from './contact.fixture.js';
import { giftcard } from './policy.fixture.js';
import { takeBackOptIns } from './take-back.js';

const monday = '2024-01-01T10:00:00Z';
const tuesday = '2024-01-02T10:00:00Z';

describe('taking back what an import reported', () => {
  const report = reported(monday);
  const second = reported(tuesday);

  it('names the reports that stand, once each (P3)', () => {
    const optInIds = [second.id, report.id, second.id];
    expect(takeBackOptIns(foldContact([report, second]), { optInIds })).toStrictEqual({
      events: [{ type: 'OptInTakenBack', data: { optInIds: [report.id, second.id] } }],
    });
  });

  it('reaches what was carried over to another address, which then no longer counts (P9)', () => {
    const act = { eventId: 'there', type: 'OptedIn', at: monday, purpose: 'newsletter', actOf: 'reported' } as const;
    const carried = happened('PreferencesCarriedOver', tuesday, { from: 'old', consents: [act], optOuts: [] });
    const takenBack = happened('OptInTakenBack', tuesday, { optInIds: ['there'] });
    expect(takeBackOptIns(foldContact([carried]), { optInIds: ['there'] })).toStrictEqual({
      events: [{ type: 'OptInTakenBack', data: { optInIds: ['there'] } }],
    });
    const consent = (events: ContactEvent[]) =>
      consentOnRecord(foldContact(events), giftcard, giftcard.purposes.get('newsletter')!);
    expect(consent([carried])).toBeDefined();
    expect(consent([carried, takenBack])).toBeUndefined();
    expect(consent([takenBack, carried])).toBeUndefined();
  });

  it('records nothing for what was taken back already', () => {
    const takenBack = happened('OptInTakenBack', tuesday, { optInIds: [report.id] });
    expect(takeBackOptIns(foldContact([report, takenBack]), { optInIds: [report.id] })).toStrictEqual({ events: [] });
  });

  it.each([
    ['an opt-in of the person', optedIn(monday)],
    ['an opt-out', optedOut(monday)],
    ['a complaint', happened('SpamReported', monday, {})],
    ['a bounce', happened('MailBounced', monday, { permanent: true })],
  ])('never takes back %s (P4, law 2)', (_, event) => {
    expect(takeBackOptIns(foldContact([event]), { optInIds: [event.id] })).toStrictEqual({ events: [] });
  });
});
