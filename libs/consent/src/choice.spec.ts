import { describe, expect, it } from '@jest/globals';
import { choiceOf, hindranceOf } from './choice.js';
import { foldContact, type ContactEvent } from './contact.js';
import { customerStarted, happened, instant, optedIn, optedOut, optInRequested } from './contact.fixture.js';
import { reasonFor } from './eligibility.js';
import { giftcard } from './policy.fixture.js';

const [then, later, now] = ['2024-02-01T10:00:00.000Z', '2024-02-02T10:00:00.000Z', '2024-02-03T10:00:00.000Z'];
const bounce = happened('MailBounced', later, { permanent: true });
const restriction = happened('ProcessingRestricted', later, {});

const choiceAfter = (...events: ContactEvent[]) => {
  const { isOn, reason } = choiceOf(foldContact(events), giftcard, giftcard.purposes.get('newsletter')!, instant(now));
  return [isOn, reason];
};

describe('what a person chose', () => {
  it.each([
    ['consent', [optedIn(then)]],
    ['an opt-out', [optedOut(then)]],
    ['a complaint', [happened('SpamReported', then, {})]],
    ['a request that waits', [optInRequested(then)]],
    ['a relationship without its conditions', [customerStarted(then)]],
    ['nothing', []],
  ])('is what the verdict says, where nothing hinders: %s', (_sentence, events) => {
    const { eligible, reason } = reasonFor(foldContact(events), giftcard, 'newsletter', instant(now));
    expect(choiceAfter(...events)).toStrictEqual([eligible, reason]);
  });

  it.each([
    ['a bounce', bounce, 'UNDELIVERABLE'],
    ['a restriction', restriction, 'RESTRICTED'],
    ['another address', happened('AddressRectified', later, { to: 'another' }), 'UNDELIVERABLE'],
  ])('stands beneath %s, and will be the verdict when that ends (P9)', (_sentence, event, reason) => {
    expect(choiceAfter(optedIn(then), event)).toStrictEqual([true, 'CONSENT']);
    expect(choiceAfter(optedOut(then), event)).toStrictEqual([false, 'OPTED_OUT']);
    expect(hindranceOf(foldContact([optedIn(then), event]))).toMatchObject({ reason, mark: { id: event.id } });
  });

  it('is hindered by nothing any more once the address is proven, or the restriction lifted (P9)', () => {
    const end = [optedIn(now, 'sales-contact'), happened('RestrictionLifted', now, {})];
    expect(hindranceOf(foldContact([bounce, restriction, ...end]))).toBeUndefined();
    expect(hindranceOf(foldContact([bounce, restriction, end[0]!]))).toMatchObject({ reason: 'RESTRICTED' });
  });
});
