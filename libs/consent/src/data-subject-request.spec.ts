import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { instant } from './contact.fixture.js';
import {
  checkIdentity,
  disclose,
  extendRequest,
  foldRequest,
  fulfilRequest,
  isOverdue,
  receiveRequest,
  refuseRequest,
  type NewRequestEvent,
  type RequestDecision,
  type RequestEvent,
  type RequestState,
} from './data-subject-request.js';
import { compilePolicy } from './policy.js';
import { giftcard, giftcardDocument } from './policy.fixture.js';
import { requestKinds, type RequestKind } from './request-kinds.js';

const receivedAt = instant('2024-01-31T10:00:00Z');
const identity: NewRequestEvent = { type: 'IdentityChecked', data: { method: 'known-caller' } };
const disclosed: NewRequestEvent = { type: 'PersonalDataDisclosed', data: { what: ['history'], form: 'json' } };
const fulfilled: NewRequestEvent = { type: 'RequestFulfilled', data: {} };
const refusal: NewRequestEvent = { type: 'RequestRefused', data: { ground: 'unreasonably-often' } };

function eventsIn(decision: RequestDecision): readonly NewRequestEvent[] {
  if ('refused' in decision) throw new Error(decision.refused.detail);
  return decision.events;
}

function codeIn(decision: RequestDecision): string | undefined {
  return 'refused' in decision ? decision.refused.code : undefined;
}

function given(kind: RequestKind, ...then: readonly NewRequestEvent[]): RequestState {
  const received = eventsIn(receiveRequest(giftcard, { kind, contactId: 'anna', receivedAt }));
  return foldRequest([...received, ...then].map((event): RequestEvent => ({ ...event, occurredAt: receivedAt })))!;
}

describe('receiving a request (P9)', () => {
  it('is to be answered within a calendar month of its receipt, in the zone of the policy', () => {
    expect(eventsIn(receiveRequest(giftcard, { kind: 'access', contactId: 'anna', receivedAt }))).toStrictEqual([
      { type: 'RequestReceived', data: { kind: 'access', contactId: 'anna', answerBy: '2024-02-29T10:00:00.000Z' } },
    ]);
    const march = receiveRequest(giftcard, {
      kind: 'access',
      contactId: 'anna',
      receivedAt: instant('2024-03-10T10:00:00Z'),
    });
    expect(eventsIn(march)[0]!.data).toMatchObject({ answerBy: '2024-04-10T09:00:00.000Z' });
  });

  it('takes the time from the policy, and needs one that says it', () => {
    const quick = compilePolicy({ ...giftcardDocument, rights: { ...giftcardDocument.rights!, answerWithin: 'P7D' } });
    const request = { kind: 'access', contactId: 'anna', receivedAt } as const;
    expect(eventsIn(receiveRequest(quick, request))[0]!.data).toMatchObject({ answerBy: '2024-02-07T10:00:00.000Z' });
    const { rights: _rights, ...silent } = giftcardDocument;
    expect(codeIn(receiveRequest(compilePolicy(silent), request))).toBe('NO_RIGHTS_IN_POLICY');
  });

  it('is overdue from the very instant at which the answer was due, until it is answered', () => {
    const state = given('access');
    expect([isOverdue(state, state.answerBy - 1), isOverdue(state, state.answerBy)]).toStrictEqual([false, true]);
    expect(isOverdue(given('access', refusal), state.answerBy)).toBe(false);
  });
});

describe('extending a request (P9)', () => {
  it('adds two months to the month, counted from the receipt', () => {
    expect(eventsIn(extendRequest(given('access'), { at: receivedAt }, giftcard))).toStrictEqual([
      { type: 'RequestExtended', data: { answerBy: '2024-04-30T09:00:00.000Z' } },
    ]);
  });

  it('is possible before the answer was due, once, and while it is open', () => {
    const state = given('access');
    expect(codeIn(extendRequest(state, { at: state.answerBy - 1 }, giftcard))).toBeUndefined();
    expect(codeIn(extendRequest(state, { at: state.answerBy }, giftcard))).toBe('TOO_LATE_TO_EXTEND');
    const extended = given('access', { type: 'RequestExtended', data: { answerBy: '2024-04-30T09:00:00.000Z' } });
    expect(extended.answerBy).toBe(instant('2024-04-30T09:00:00Z'));
    expect(codeIn(extendRequest(extended, { at: receivedAt }, giftcard))).toBe('ALREADY_EXTENDED');
    expect(codeIn(extendRequest(given('access', refusal), { at: receivedAt }, giftcard))).toBe('REQUEST_CLOSED');
  });
});

describe('disclosing (P9)', () => {
  const what = { what: ['history'], form: 'json' } as const;

  it('waits for the identity of who asks', () => {
    expect(codeIn(disclose(given('access'), what))).toBe('IDENTITY_NOT_CHECKED');
    expect(eventsIn(disclose(given('access', identity), what))).toStrictEqual([disclosed]);
    expect(eventsIn(disclose(given('portability', identity), what))).toStrictEqual([disclosed]);
  });

  it.each(['rectification', 'restriction', 'erasure', 'objection'] as const)(
    'is no part of a request for %s',
    (kind) => {
      expect(codeIn(disclose(given(kind, identity), what))).toBe('NOTHING_TO_DISCLOSE');
    },
  );
});

describe('fulfilling a request (P9)', () => {
  it.each(requestKinds.filter((kind) => kind !== 'objection'))('for %s waits for the identity of who asks', (kind) => {
    expect(codeIn(fulfilRequest(given(kind)))).toBe('IDENTITY_NOT_CHECKED');
  });

  it('that is an objection asks for no identity (P4)', () => {
    expect(eventsIn(fulfilRequest(given('objection')))).toStrictEqual([fulfilled]);
  });

  it.each(['access', 'portability'] as const)('for %s waits until the data was given', (kind) => {
    expect(codeIn(fulfilRequest(given(kind, identity)))).toBe('NOTHING_DISCLOSED');
    expect(eventsIn(fulfilRequest(given(kind, identity, disclosed)))).toStrictEqual([fulfilled]);
  });
});

describe('refusing a request (P9)', () => {
  it('needs a ground of the policy', () => {
    expect(eventsIn(refuseRequest(given('erasure'), { ground: 'unreasonably-often' }, giftcard))).toStrictEqual([
      refusal,
    ]);
    expect(codeIn(refuseRequest(given('erasure'), { ground: 'no-time' }, giftcard))).toBe('UNKNOWN_GROUND');
  });

  it('is impossible for an objection to commercial mail', () => {
    expect(codeIn(refuseRequest(given('objection'), { ground: 'unreasonably-often' }, giftcard))).toBe(
      'OBJECTION_IS_ABSOLUTE',
    );
  });
});

describe('an answer (P9)', () => {
  const steps = {
    identity: (state: RequestState) => checkIdentity(state, { method: 'signature' }),
    extension: (state: RequestState) => extendRequest(state, { at: receivedAt }, giftcard),
    disclosure: (state: RequestState) => disclose(state, { what: ['history'], form: 'html' }),
    fulfilment: (state: RequestState) => fulfilRequest(state),
    refusal: (state: RequestState) => refuseRequest(state, { ground: 'unreasonably-often' }, giftcard),
  };

  it('is final, whatever comes after it, and the same answer again changes nothing', () => {
    const step = fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[]));
    fc.assert(
      fc.property(fc.constantFrom(...requestKinds), fc.array(step, { maxLength: 12 }), (kind, tried) => {
        let state = given(kind);
        for (const name of tried) {
          const decision = steps[name](state);
          if (state.outcome) expect('events' in decision ? decision.events : []).toStrictEqual([]);
          if ('refused' in decision) continue;
          for (const event of decision.events)
            state = foldRequest([...replayed(state), { ...event, occurredAt: receivedAt }])!;
        }
        if (state.outcome === 'fulfilled' && kind !== 'objection') expect(state.identityChecked).toBe(true);
        if (state.disclosed) expect(state.identityChecked).toBe(true);
      }),
    );
  });

  /** Events that lead to this state. */
  function replayed(state: RequestState): RequestEvent[] {
    const { kind, contactId, answerBy, identityChecked, extended, outcome } = state;
    const due = { answerBy: new Date(answerBy).toISOString() };
    const events: NewRequestEvent[] = [{ type: 'RequestReceived', data: { kind, contactId, ...due } }];
    if (identityChecked) events.push(identity);
    if (extended) events.push({ type: 'RequestExtended', data: due });
    if (state.disclosed) events.push(disclosed);
    if (outcome) events.push(outcome === 'fulfilled' ? fulfilled : refusal);
    return events.map((event) => ({ ...event, occurredAt: receivedAt }));
  }

  it('to a request that was never received is no event of one', () => {
    expect(() => foldRequest([{ ...fulfilled, occurredAt: receivedAt }])).toThrow('was never received');
  });
});
