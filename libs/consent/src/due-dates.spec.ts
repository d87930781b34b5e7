import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { evolve, foldContact, unknownContact, type ContactEvent, type ContactState } from './contact.js';
import { customerStarted, happened, instant, optedIn, optedOut, reported, statement } from './contact.fixture.js';
import { dueEvent, forecast, nextDue, openQuestions, type Due } from './due-dates.js';
import { decideEligibility } from './eligibility.js';
import { edges, histories, policies, purposes, questions } from './history.fixture.js';
import { NEVER, type Instant } from './instant.js';
import { policyInForce, type PolicyHistory } from './policy-history.js';
import { compilePolicy, type PurposeDocument } from './policy.js';
import { giftcard, giftcardDocument, harbour } from './policy.fixture.js';

const dnp: PolicyHistory = [{ policy: giftcard, publishedAt: 0 }];
const harbourOnly: PolicyHistory = [{ policy: harbour, publishedAt: 0 }];
const FAR = Date.UTC(2060, 0, 1);

/** What falls due for a contact with these events, one line each. */
function falls(events: readonly ContactEvent[], history = dnp, until: Instant = FAR): string[] {
  return [...forecast(foldContact(events), history, until)].map(told);
}

function told(due: Due): string {
  const at = new Date(due.at).toISOString();
  return 'purposes' in due ? `${at} ${due.kind} ${due.purposes.join(' ')}` : `${at} ${due.kind}`;
}

const given = optedIn('2020-02-29T11:00:00Z');

/** The first policy with other purposes, in force from the year 2026 on. */
function laterPolicy(changes: Readonly<Record<string, PurposeDocument | undefined>>) {
  const purposes: Record<string, PurposeDocument> = {};
  for (const [name, purpose] of Object.entries({ ...giftcardDocument.purposes, ...changes }))
    if (purpose) purposes[name] = purpose;
  const { softOptIn: _none, ...document } = giftcardDocument;
  const statements = document.statements.map((text) => ({
    ...text,
    covers: text.covers.filter((name) => purposes[name]),
  }));
  const inForceFrom = '2026-01-01T00:00:00+01:00';
  return compilePolicy({ ...document, version: 2, inForceFrom, purposes, statements });
}

describe('What falls due next', () => {
  it('is nothing for a contact that the service has never heard of', () => {
    expect(nextDue(unknownContact, dnp)).toBeUndefined();
  });

  it('is the prompt after three years, its reminder, the lapse, and two years later the end of its proof (P5, P7)', () => {
    expect(falls([given])).toStrictEqual([
      '2023-02-28T11:00:00.000Z prompt newsletter',
      '2023-03-14T11:00:00.000Z reminder newsletter',
      '2023-03-30T10:00:00.000Z lapse newsletter',
      '2025-03-30T10:00:00.000Z retention-end',
    ]);
  });

  it('keeps to the wall clock of the policy: a prompt at noon is at noon in summer time too (P5)', () => {
    expect(falls([optedIn('2020-03-28T11:00:00Z')], dnp, instant('2023-05-01T00:00:00Z'))).toStrictEqual([
      '2023-03-28T10:00:00.000Z prompt newsletter',
      '2023-04-11T10:00:00.000Z reminder newsletter',
      '2023-04-27T10:00:00.000Z lapse newsletter',
    ]);
  });

  it('asks in one prompt about the purposes that fall due within one window (P5)', () => {
    const later = optedIn('2020-03-20T11:00:00Z', 'event-invitation');
    const muchLater = optedIn('2020-06-01T10:00:00Z', 'personalised-message');
    expect(falls([given, later, muchLater]).slice(0, 6)).toStrictEqual([
      '2023-02-28T11:00:00.000Z prompt event-invitation newsletter',
      '2023-03-14T11:00:00.000Z reminder event-invitation newsletter',
      '2023-03-30T10:00:00.000Z lapse newsletter',
      '2023-04-19T10:00:00.000Z lapse event-invitation',
      '2023-06-01T10:00:00.000Z prompt personalised-message',
      '2023-06-15T10:00:00.000Z reminder personalised-message',
    ]);
  });

  it('asks in one prompt only what is still open by its own window, and nothing twice (P5)', () => {
    const { 'event-invitation': invitation } = giftcardDocument.purposes;
    const consent = { renewAfter: 'P3Y', answerWindow: 'P7D' };
    const policy = laterPolicy({ 'event-invitation': { ...invitation!, consent } });
    const events = [optedIn('2024-02-01T11:00:00Z'), optedIn('2024-02-20T11:00:00Z', 'event-invitation')];
    expect(falls(events, [{ policy, publishedAt: 0 }]).filter((line) => line.includes('prompt'))).toStrictEqual([
      '2027-02-01T11:00:00.000Z prompt newsletter',
      '2027-02-20T11:00:00.000Z prompt event-invitation',
    ]);
  });

  it('brings nothing of the time between a lapse and the contact that gave the consent back (P5, P6)', () => {
    const consent = optedIn('2020-10-31T11:00:00Z');
    const lapsed = happened('ConsentLapsed', '2021-05-01T10:00:00Z', { purposes: ['newsletter'] });
    const contact = happened('ContactMade', '2022-02-28T11:00:00Z', {});
    expect(falls([consent, lapsed, contact], harbourOnly).filter((line) => !line.includes('retention'))).toStrictEqual(
      [],
    );
    const sooner = happened('ContactMade', '2021-06-01T10:00:00Z', {});
    expect(falls([consent, lapsed, sooner], harbourOnly).slice(0, 2)).toStrictEqual([
      '2021-10-31T11:00:00.000Z prompt newsletter',
      '2021-11-07T12:00:00.000Z lapse newsletter',
    ]);
  });

  it('asks a purpose that falls due as the window ends in a prompt of its own (P5)', () => {
    const later = optedIn('2020-03-30T10:00:00Z', 'event-invitation');
    expect(falls([given, later], dnp, instant('2023-03-31T00:00:00Z'))).toContain(
      '2023-03-30T10:00:00.000Z prompt event-invitation',
    );
  });

  it('is asked again three years after the person renewed, and never about what was answered (P5)', () => {
    const prompted = happened('ReconsentPrompted', '2023-02-28T11:00:00Z', { purposes: ['newsletter'] });
    const renewed = happened('ConsentRenewed', '2023-03-05T09:00:00Z', { purposes: ['newsletter'], statement });
    expect(told(nextDue(foldContact([given, prompted, renewed]), dnp)!)).toBe(
      '2026-03-05T09:00:00.000Z prompt newsletter',
    );
  });

  it.each([
    ['an opt-out', optedOut('2021-01-01T12:00:00Z')],
    ['an opt-out of everything', happened('OptedOut', '2021-01-01T12:00:00Z', { purposes: 'all' })],
    ['a spam complaint', happened('SpamReported', '2021-01-01T12:00:00Z', {})],
  ])('after %s is the end of the proof only (P4, P7)', (_what, event) => {
    expect(falls([given, event])).toStrictEqual(['2023-01-01T12:00:00.000Z retention-end']);
  });

  it('brings no prompt to an address that failed, and the lapse all the same (P5)', () => {
    const bounced = happened('MailBounced', '2021-01-01T12:00:00Z', { permanent: true });
    expect(falls([given, bounced])).toStrictEqual([
      '2023-03-30T10:00:00.000Z lapse newsletter',
      '2025-03-30T10:00:00.000Z retention-end',
    ]);
  });

  it('brings the prompt once a restriction is lifted within the window, and keeps the data until then (P5, P9)', () => {
    const restricted = happened('ProcessingRestricted', '2023-01-01T12:00:00Z', {});
    const lifted = happened('RestrictionLifted', '2023-03-10T12:00:00Z', {});
    expect(falls([given, restricted])).toStrictEqual(['2023-03-30T10:00:00.000Z lapse newsletter']);
    expect(falls([given, restricted, lifted]).slice(0, 3)).toStrictEqual([
      '2023-03-10T12:00:00.000Z prompt newsletter',
      '2023-03-24T12:00:00.000Z reminder newsletter',
      '2023-03-30T10:00:00.000Z lapse newsletter',
    ]);
  });

  it('brings no prompt of the time during which the person was reached at another address (P5, P9)', () => {
    const consent = optedIn('2020-02-01T11:00:00Z');
    const rectified = happened('AddressRectified', '2023-01-20T11:00:00Z', { to: 'elsewhere' });
    const back = optedIn('2023-02-25T11:00:00Z', 'event-invitation');
    const again = optedIn('2023-02-27T11:00:00Z', 'personalised-message');
    expect(falls([consent, rectified, back, again]).slice(0, 2)).toStrictEqual([
      '2023-02-25T11:00:00.000Z prompt newsletter',
      '2023-03-03T11:00:00.000Z lapse newsletter',
    ]);
  });

  it('is the lapse of sales contact twelve months after the last contact from the person (P6)', () => {
    const consent = optedIn('2022-01-10T12:00:00Z', 'sales-contact');
    const contact = happened('ContactMade', '2022-06-10T12:00:00Z', {});
    expect(falls([consent, contact])).toStrictEqual([
      '2023-06-10T12:00:00.000Z lapse sales-contact',
      '2025-06-10T12:00:00.000Z retention-end',
    ]);
  });

  it('is the end of the recording to which the evidence points, after thirty days (P8)', () => {
    const evidenceEndsAt = '2020-03-30T10:00:00.000Z';
    const phoned = happened('OptedIn', '2020-02-29T11:00:00Z', {
      purposes: ['newsletter'],
      statement,
      actOf: 'person',
      evidenceEndsAt,
    });
    expect(falls([phoned])[0]).toBe('2020-03-30T10:00:00.000Z evidence-end');
    const hold = happened('LegalHoldPlaced', '2020-03-01T12:00:00Z', {});
    const lifted = happened('LegalHoldLifted', '2020-06-01T12:00:00Z', {});
    expect(falls([phoned, hold])).not.toContain('2020-03-30T10:00:00.000Z evidence-end');
    expect(falls([phoned, hold, lifted])[0]).toBe('2020-06-01T12:00:00.000Z evidence-end');
  });

  it('treats a reported consent like any other: it is asked about and lapses (P5)', () => {
    expect(falls([reported('2020-02-29T11:00:00Z')])).toHaveLength(4);
  });

  it('follows a policy that comes into force later, from that moment on (P5)', () => {
    const { newsletter } = giftcardDocument.purposes;
    const shorter = compilePolicy({
      ...giftcardDocument,
      version: 2,
      inForceFrom: '2022-06-01T00:00:00+02:00',
      purposes: {
        ...giftcardDocument.purposes,
        newsletter: { ...newsletter!, consent: { renewAfter: 'P2Y', answerWindow: 'P30D' } },
      },
    });
    const history: PolicyHistory = [...dnp, { policy: shorter, publishedAt: 0 }];
    expect(falls([given], history)[0]).toBe('2022-05-31T22:00:00.000Z lapse newsletter');
    expect(falls([optedIn('2020-05-20T12:00:00Z')], history).slice(0, 2)).toStrictEqual([
      '2022-05-31T22:00:00.000Z prompt newsletter',
      '2022-06-19T12:00:00.000Z lapse newsletter',
    ]);
  });

  it('keeps the proof of a consent from when a later policy ended it, which relied on it until then (P7)', () => {
    const consent = optedIn('2023-02-01T11:00:00Z');
    const { newsletter } = giftcardDocument.purposes;
    const shorter = laterPolicy({ newsletter: { ...newsletter!, consent: { renewAfter: 'P6M' } } });
    expect(falls([consent], [...dnp, { policy: shorter, publishedAt: 0 }])).toStrictEqual([
      '2025-12-31T23:00:00.000Z lapse newsletter',
      '2027-12-31T23:00:00.000Z retention-end',
    ]);
  });

  it('is the lapse of a purpose that a later policy drops, and its proof is kept from then (P7, P10)', () => {
    const [dropped, kept] = [optedIn('2025-06-01T10:00:00Z'), optedIn('2025-06-01T10:00:00Z', 'personalised-message')];
    const without = laterPolicy({ newsletter: undefined });
    const history: PolicyHistory = [...dnp, { policy: without, publishedAt: 0 }];
    const ends = ['2025-12-31T23:00:00.000Z lapse newsletter', '2027-12-31T23:00:00.000Z retention-end'];
    expect(falls([dropped], history)).toStrictEqual(ends);
    expect(falls([kept], history)).not.toContain(ends[0]);
    expect(falls([dropped, optedOut('2025-08-01T10:00:00Z')], history)).toStrictEqual([
      '2027-08-01T10:00:00.000Z retention-end',
    ]);
  });

  it('comes of the figures of the policy, whatever they are (P5, P6, P7)', () => {
    expect(falls([given], harbourOnly)).toStrictEqual([
      '2020-08-29T10:00:00.000Z lapse newsletter',
      '2022-02-28T11:00:00.000Z retention-end',
    ]);
    expect(falls([customerStarted('2020-02-29T11:00:00Z')], harbourOnly)).toStrictEqual([
      '2027-02-28T11:00:00.000Z retention-end',
    ]);
  });
});

describe('Laws of what falls due', () => {
  const contacts = fc.tuple(histories(), policies);

  it('it comes in order, each thing once, and ends (P5, P7)', () => {
    fc.assert(
      fc.property(contacts, ([events, history]) => {
        const dues = [...forecast(foldContact(events), history, NEVER)];
        expect(dues.length).toBeLessThan(60);
        const keys = dues.map((due) => JSON.stringify(due));
        expect(new Set(keys).size).toBe(keys.length);
        for (const [index, due] of dues.entries())
          if (index > 0) expect(due.at).toBeGreaterThanOrEqual(dues[index - 1]!.at);
      }),
    );
  });

  it('it does not depend on the order in which the events came (law 1)', () => {
    fc.assert(
      fc.property(contacts, ([events, history]) => {
        const there = nextDue(foldContact(events), history);
        expect(nextDue(foldContact(events.toReversed()), history)).toStrictEqual(there);
      }),
    );
  });

  it('a prompt is only due while the consent it asks about is a yes (P5)', () => {
    let prompts = 0;
    fc.assert(
      fc.property(contacts, ([events, history]) => {
        walk(foldContact(events), history, (due, state) => {
          if (due.kind !== 'prompt' && due.kind !== 'reminder') return;
          for (const purpose of due.purposes) {
            prompts++;
            expect(decideEligibility(state, history, purpose, due.at).reason).toBe('CONSENT');
          }
        });
      }),
      { numRuns: 300 },
    );
    expect(prompts).toBeGreaterThan(20);
  });

  it('a prompt on record has asked about each of its purposes: none is asked twice (P5)', () => {
    let together = 0;
    fc.assert(
      fc.property(histories(['OptedIn'], 3), policies, (events, history) => {
        walk(foldContact(events), history, (due, state) => {
          if (due.kind !== 'prompt') return;
          if (due.purposes.length > 1) together++;
          const policy = policyInForce(history, due.at, NEVER);
          const after = evolve(state, recordedAsDue(due));
          const asked = [...openQuestions(after, policy)].filter(({ prompt }) => prompt?.at === due.at);
          expect(asked.map(({ purpose }) => purpose.name).sort()).toStrictEqual(
            expect.arrayContaining([...due.purposes]),
          );
        });
      }),
      { numRuns: 1_000 },
    );
    expect(together).toBeGreaterThan(20);
  });

  it('a lapse is due at the very instant at which the answer stops being a consent (P5, P6, law 4)', () => {
    let lapses = 0;
    fc.assert(
      fc.property(contacts, ([events, history]) => {
        walk(foldContact(events), history, (due, state) => {
          if (due.kind !== 'lapse') return;
          for (const purpose of due.purposes) {
            lapses++;
            expect(judged(state, history, purpose, due.at)?.reason).not.toBe('CONSENT');
            const before = decideEligibility(state, history, purpose, due.at - 1);
            if (before.reason === 'CONSENT') expect(before.validUntil).toBe(due.at);
          }
        });
      }),
      { numRuns: 300 },
    );
    expect(lapses).toBeGreaterThan(50);
  });

  it('no consent ends by time without its lapse falling due (P5, P6)', () => {
    let ends = 0;
    fc.assert(
      fc.property(contacts, questions, ([events, history], at) => {
        const state = foldContact(events);
        const lapses = [...forecast(state, history, NEVER)].filter(({ kind }) => kind === 'lapse');
        for (const purpose of purposes.filter((name) => name !== 'service')) {
          const verdict = judged(state, history, purpose, at);
          if (verdict?.reason !== 'CONSENT' || verdict.validUntil === null) continue;
          if (verdict.evidence[0]!.at > at) continue;
          const then = judged(state, history, purpose, verdict.validUntil);
          // A later policy may make the purpose operational, which is no lapse.
          if (then?.reason === 'SERVICE') continue;
          const recorded = state.lapsed[purpose];
          if (recorded && recorded.at >= verdict.validUntil) continue;
          ends++;
          expect(lapses.map((due) => ('purposes' in due && due.purposes.includes(purpose) ? due.at : 0))).toContain(
            verdict.validUntil,
          );
        }
      }),
      { numRuns: 300 },
    );
    expect(ends).toBeGreaterThan(20);
  });

  it('recording what fell due, but for an erasure, changes no answer (law 5)', () => {
    fc.assert(
      fc.property(contacts, fc.constantFrom(...purposes), questions, ([events, history], purpose, at) => {
        const state = foldContact(events);
        walk(state, history, (due, before) => {
          if (due.kind === 'retention-end' || at < due.at) return;
          const after = evolve(before, recordedAsDue(due));
          expect(judged(after, history, purpose, at)).toStrictEqual(judged(before, history, purpose, at));
        });
      }),
    );
  });

  it('erasure by retention leaves no yes behind that rests on what was erased, and no opt-out undone (P7, law 6)', () => {
    let erasures = 0;
    fc.assert(
      fc.property(contacts, fc.constantFrom(...purposes), ([events, history], purpose) => {
        walk(foldContact(events), history, (due, before) => {
          if (due.kind !== 'retention-end') return;
          erasures++;
          const after = evolve(before, recordedAsDue(due));
          expect(judged(after, history, purpose, Math.max(due.at, before.latest!))?.eligible ?? false).toBe(false);
          expect(after.optOuts).toStrictEqual(before.optOuts);
        });
      }),
      { numRuns: 300 },
    );
    expect(erasures).toBeGreaterThan(50);
  });

  it('the proof of a consent is kept for its time from the last moment at which it was relied on (P7)', () => {
    let kept = 0;
    const fewConsents = histories(['OptedIn', 'OptedOut'], 2);
    fc.assert(
      fc.property(
        fewConsents,
        policies,
        fc.constantFrom(...purposes),
        questions,
        (events, history, purpose, moment) => {
          const state = foldContact(events);
          const at = Math.max(moment, state.latest ?? moment);
          const verdict = judged(state, history, purpose, at);
          if (verdict?.reason !== 'CONSENT') return;
          const last = (verdict.validUntil ?? at + 1) - 1;
          const erasure = [...forecast(state, history, NEVER)].find((due) => due.kind === 'retention-end');
          if (!erasure) return;
          const { calendar, retention } = policyInForce(history, erasure.at, NEVER);
          if (retention.consentProof.from === 'given') return;
          kept++;
          expect(erasure.at).toBeGreaterThanOrEqual(calendar.add(last, retention.consentProof.period));
        },
      ),
      { numRuns: 1_500 },
    );
    expect(kept).toBeGreaterThan(20);
  });

  it('waits for what moves the data beyond every ground: nothing is erased while a basis of a yes is on record (P7)', () => {
    fc.assert(
      fc.property(
        contacts,
        fc.constantFrom(...purposes),
        fc.constantFrom(...edges),
        ([events, history], purpose, at) => {
          const state = foldContact(events);
          const verdict = judged(state, history, purpose, Math.max(at, state.latest ?? at));
          if (!verdict?.eligible || purpose === 'service' || verdict.validUntil === null) return;
          const erasure = [...forecast(state, history, NEVER)].find(({ kind }) => kind === 'retention-end');
          if (erasure) expect(erasure.at).toBeGreaterThanOrEqual(verdict.validUntil);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('What falls due as time goes by', () => {
  const steps = fc.array(questions, { maxLength: 20 });

  it('is the same whether somebody looked at every odd moment, or only before each fact and at the end (P5, P6, P7)', () => {
    let dues = 0;
    fc.assert(
      fc.property(histories(), policies, steps, (events, history, looks) => {
        const jumped = recordedOver(events, history, []);
        expect(recordedOver(events, history, looks)).toStrictEqual(jumped);
        dues += jumped.length;
      }),
      { numRuns: 500 },
    );
    expect(dues).toBeGreaterThan(500);
  });

  /** All that falls due while the facts come in as they are recorded, late ones too; what was due before each is settled first. */
  function recordedOver(events: readonly ContactEvent[], history: PolicyHistory, looks: readonly Instant[]): string[] {
    const facts = events.map((event) => ({ at: event.recordedAt, event }));
    const moments = [...facts, ...looks.map((at) => ({ at, event: undefined })), { at: FAR, event: undefined }];
    const recorded: string[] = [];
    let state = unknownContact;
    for (const { at, event } of moments.sort((a, b) => a.at - b.at)) {
      for (let due = nextDue(state, history); due && due.at < at; due = nextDue(state, history)) {
        recorded.push(told(due));
        state = evolve(state, recordedAsDue(due));
      }
      if (event) state = evolve(state, event);
    }
    return recorded;
  }
});

function walk(from: ContactState, history: PolicyHistory, visit: (due: Due, state: ContactState) => void): void {
  let state = from;
  for (const due of forecast(from, history, NEVER)) {
    visit(due, state);
    state = evolve(state, {
      ...dueEvent(due),
      id: `due-${due.kind}-${due.at}`,
      occurredAt: due.at,
      recordedAt: due.at,
    });
  }
}

function recordedAsDue(due: Due): ContactEvent {
  const id = `due-${due.kind}-${due.at}`;
  return { ...dueEvent(due), id, occurredAt: due.at, recordedAt: due.at };
}

/** The verdict; `undefined` for a purpose that the policy of the moment lacks (P10). */
function judged(state: ContactState, history: PolicyHistory, purpose: string, at: Instant) {
  try {
    const { reason, eligible, validUntil, evidence } = decideEligibility(state, history, purpose, at);
    return { reason, eligible, validUntil, evidence };
  } catch {
    return undefined;
  }
}
