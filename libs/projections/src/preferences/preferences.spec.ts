import { foldContact } from '@consent-ledger/consent';
import { contactIdBytes } from '@consent-ledger/privacy';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contactEventOf, contactStream } from '../contact-events.js';
import { MissingEvents } from '../projection.js';
import {
  contact,
  contactEvent,
  contactEventTypes,
  cut,
  dump,
  handle,
  log,
  readModelsInMemory,
  recorded,
} from '../recorded.fixture.js';
import { decodeContactState, encodeContactState } from './contact-state-codec.js';
import { PreferencesProjection } from './preferences.projection.js';
import { PreferencesView } from './preferences.view.js';

function setUp() {
  const readModels = readModelsInMemory();
  const projection = new PreferencesProjection(readModels);
  return { readModels, projection, view: new PreferencesView(readModels) };
}

const ann = contactStream(contact(1));
const optIn = fc.sample(contactEvent('OptedIn'), { numRuns: 1, seed: 1 })[0]!;

describe('the preferences projection', () => {
  it.each(contactEventTypes)('is idempotent if run twice: %s', (type) => {
    fc.assert(
      fc.property(contactEvent(type), (event) => {
        const { readModels, projection } = setUp();
        const events = recorded([
          { ...optIn, streamId: ann },
          { ...event, streamId: ann },
        ]);
        handle(readModels, projection, events);
        const once = dump(readModels);
        for (const again of [events.slice(1), events.slice(0, 1), [...events, ...events]]) {
          handle(readModels, projection, again);
          expect(dump(readModels)).toBe(once);
        }
        readModels.close();
      }),
      { numRuns: 10 },
    );
  });

  it('is byte for byte the same wherever the batches end, and when batches come again (law 5)', () => {
    fc.assert(
      fc.property(log, fc.array(fc.nat(60)), fc.array(fc.nat(60)), (events, places, otherPlaces) => {
        const [one, other] = [setUp(), setUp()];
        for (const batch of cut(events, places)) handle(one.readModels, one.projection, batch);
        for (const batch of cut(events, otherPlaces)) {
          handle(other.readModels, other.projection, batch);
          handle(other.readModels, other.projection, batch);
        }
        expect(dump(other.readModels)).toBe(dump(one.readModels));
        one.readModels.close();
        other.readModels.close();
      }),
      { numRuns: 60 },
    );
  });

  it('holds the fold of each contact', () => {
    fc.assert(
      fc.property(log, (events) => {
        const { readModels, projection, view } = setUp();
        handle(readModels, projection, events);
        const streams = new Set(events.map(({ streamId }) => streamId).filter((id) => id.startsWith('contact-')));
        expect(view.count()).toBe(streams.size);
        for (const streamId of streams) {
          const stream = events.filter((event) => event.streamId === streamId);
          expect(view.find(streamId.slice('contact-'.length))).toStrictEqual({
            revision: stream.length - 1,
            state: foldContact(stream.map(contactEventOf)),
          });
        }
        readModels.close();
      }),
      { numRuns: 60 },
    );
  });

  it('does not read over a hole in a stream', () => {
    const { readModels, projection } = setUp();
    const [first, , third] = recorded([optIn, optIn, optIn].map((event) => ({ ...event, streamId: ann })));
    expect(() => handle(readModels, projection, [first!, third!])).toThrow(MissingEvents);
    expect(() => handle(readModels, projection, [third!])).toThrow(MissingEvents);
  });

  it('does not take an event for a contact whose id is none', () => {
    const { readModels, projection } = setUp();
    expect(() => handle(readModels, projection, recorded([{ ...optIn, streamId: 'contact-ann' }]))).toThrow(RangeError);
  });
});

describe('the preferences view', () => {
  const { readModels, projection, view } = setUp();
  const contacts = [3, 1, 4, 2].map(contact);
  handle(readModels, projection, recorded(contacts.map((id) => ({ ...optIn, streamId: contactStream(id) }))));

  it('finds a contact by its id and by its bytes', () => {
    expect(view.find(contact(1))).toMatchObject({ revision: 0, state: { latest: optIn.at } });
    expect(view.find(contactIdBytes(contact(1)))).toStrictEqual(view.find(contact(1)));
    expect(view.has(contact(1))).toBe(true);
  });

  it.each([contact(9), 'ann', ''])('knows nothing of "%s"', (id) => {
    expect(view.find(id)).toBeUndefined();
    expect(view.has(id)).toBe(false);
  });

  it('lists every contact, page by page', () => {
    const first = view.page(undefined, 3).map(({ contactId }) => contactId);
    expect(first).toStrictEqual([1, 2, 3].map(contact));
    expect(view.page(first.at(-1), 3)).toStrictEqual([{ contactId: contact(4), ...view.find(contact(4))! }]);
    expect(view.page(contact(4), 3)).toStrictEqual([]);
  });
});

describe('the text of a state', () => {
  const history = fc
    .array(contactEvent(), { maxLength: 30 })
    .map((events) => recorded(events.map((event) => ({ ...event, streamId: ann }))).map(contactEventOf));

  it('is read back as the same state', () => {
    fc.assert(
      fc.property(history, (events) => {
        const state = foldContact(events);
        expect(decodeContactState(encodeContactState(state))).toStrictEqual(state);
      }),
    );
  });

  it('is the same in whatever order the events came (law 1)', () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (events, order) => {
        const keys = new Map(events.map((event) => [event, order.next().value as number]));
        const shuffled = events.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
        expect(encodeContactState(foldContact(shuffled))).toBe(encodeContactState(foldContact(events)));
      }),
    );
  });
});
