import type { NewRequestEvent, RequestEventType } from '@consent-ledger/consent';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MissingEvents } from '../projection.js';
import { contact, cut, dump, handle, noon, readModelsInMemory, recorded, type Told } from '../recorded.fixture.js';
import { requestStream } from './request-events.js';
import { RequestsProjection } from './requests.projection.js';
import { RequestsView } from './requests.view.js';

const DAY = 86_400_000;
const text = (at: number) => new Date(at).toISOString();

function told(requestId: string, event: NewRequestEvent, at = noon): Told {
  return { streamId: requestStream(requestId), at, ...event };
}

function received(requestId: string, { person = 1, answerBy = noon + 30 * DAY, at = noon } = {}): Told {
  const data = { kind: 'access', contactId: contact(person), answerBy: text(answerBy) } as const;
  return told(requestId, { type: 'RequestReceived', data }, at);
}

const later: { readonly [T in Exclude<RequestEventType, 'RequestReceived'>]: Told } = {
  IdentityChecked: told('r', { type: 'IdentityChecked', data: { method: 'signature' } }),
  RequestExtended: told('r', { type: 'RequestExtended', data: { answerBy: text(noon + 90 * DAY) } }),
  PersonalDataDisclosed: told('r', { type: 'PersonalDataDisclosed', data: { what: ['history'], form: 'json' } }),
  RequestFulfilled: told('r', { type: 'RequestFulfilled', data: {} }, noon + DAY),
  RequestRefused: told('r', { type: 'RequestRefused', data: { ground: 'unreasonably-often' } }, noon + DAY),
};

function setUp(events: readonly Told[] = []) {
  const readModels = readModelsInMemory();
  const projection = new RequestsProjection(readModels);
  const view = new RequestsView(readModels);
  handle(readModels, projection, recorded(events));
  return { readModels, projection, view };
}

describe('a request (P9)', () => {
  it('waits for its answer from when it was received', () => {
    expect(setUp([received('r')]).view.open(10)).toStrictEqual([
      {
        requestId: 'r',
        contactId: contact(1),
        kind: 'access',
        receivedAt: noon,
        answerBy: noon + 30 * DAY,
        identityChecked: false,
        extended: false,
        disclosures: 0,
        outcome: null,
        ground: null,
        answeredAt: null,
        revision: 0,
      },
    ]);
  });

  it.each([
    ['IdentityChecked', { identityChecked: true }],
    ['RequestExtended', { extended: true, answerBy: noon + 90 * DAY }],
    ['PersonalDataDisclosed', { disclosures: 1 }],
    ['RequestFulfilled', { outcome: 'fulfilled', answeredAt: noon + DAY }],
    ['RequestRefused', { outcome: 'refused', ground: 'unreasonably-often', answeredAt: noon + DAY }],
  ] as const)('stands so after %s', (type, standing) => {
    const { view } = setUp([received('r'), later[type]]);
    expect(view.ofContact(contact(1))).toMatchObject([{ ...standing, revision: 1 }]);
  });

  it('is listed by when its answer is due, what is overdue first, until it was answered', () => {
    const { view } = setUp([
      received('late', { answerBy: noon + 2 * DAY }),
      received('r', { answerBy: noon + DAY }),
      received('overdue', { answerBy: noon - DAY }),
    ]);
    expect(view.open(10).map(({ requestId }) => requestId)).toStrictEqual(['overdue', 'r', 'late']);
    expect(view.open(1)).toHaveLength(1);
    const answered = setUp([received('late'), received('r'), later.RequestFulfilled]).view;
    expect(answered.open(10).map(({ requestId }) => requestId)).toStrictEqual(['late']);
    expect(answered.answered(10).map(({ requestId }) => requestId)).toStrictEqual(['r']);
  });

  it('is found with the others of its contact, the latest first', () => {
    const { view } = setUp([
      received('first'),
      received('second', { at: noon + DAY }),
      received('else', { person: 2 }),
    ]);
    expect(view.ofContact(contact(1)).map(({ requestId }) => requestId)).toStrictEqual(['second', 'first']);
  });

  it('is refused over a hole in its stream, of an unknown type, and without an instant', () => {
    const { readModels, projection } = setUp();
    const [, second] = recorded([received('r'), later.IdentityChecked]);
    expect(() => handle(readModels, projection, [second!])).toThrow(MissingEvents);
    expect(() => setUp([received('r'), { ...later.IdentityChecked, type: 'RequestLost' }])).toThrow('"RequestLost"');
    const soon = { ...received('r'), data: { kind: 'access', contactId: contact(1), answerBy: 'soon' } };
    expect(() => setUp([soon])).toThrow('no RFC 3339 instant');
  });
});

describe('the requests projection', () => {
  const life = [received('r'), ...Object.values(later)];

  it.each(life.map((event) => [event.type, event] as const))('is idempotent if run twice: %s', (_, event) => {
    const { readModels, projection } = setUp();
    const events = recorded(event.type === 'RequestReceived' ? [event] : [received('r'), event]);
    handle(readModels, projection, events);
    const once = dump(readModels);
    for (const one of events) handle(readModels, projection, [one]);
    handle(readModels, projection, [...events, ...events]);
    expect(dump(readModels)).toBe(once);
  });

  it('is byte for byte the same wherever the batches end (law 5)', () => {
    const events = recorded([received('other', { person: 2 }), ...life]);
    fc.assert(
      fc.property(fc.array(fc.nat(20)), (places) => {
        const [whole, parts] = [setUp(), setUp()];
        handle(whole.readModels, whole.projection, events);
        for (const batch of cut(events, places)) handle(parts.readModels, parts.projection, batch);
        expect(dump(parts.readModels)).toBe(dump(whole.readModels));
      }),
      { numRuns: 50 },
    );
  });

  it('is empty again once cleared', () => {
    const { readModels, projection } = setUp(life);
    const empty = dump(setUp().readModels);
    projection.clear();
    expect(dump(readModels)).toBe(empty);
  });
});
