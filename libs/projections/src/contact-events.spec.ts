import { readdirSync, readFileSync } from 'node:fs';
import type { ContactEvent } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import {
  contactEventOf,
  contactOfStream,
  contactStream,
  contactUpcasters,
  createContactEventReader,
} from './contact-events.js';
import { contact } from './recorded.fixture.js';

interface Golden {
  readonly recorded: RecordedEvent;
  readonly read: ContactEvent;
}

const directory = new URL('./fixtures/', import.meta.url);
const files = readdirSync(directory);
const golden = files.map((file): [string, Golden] => [
  file,
  JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Golden,
]);
const [, optedIn] = golden.find(([file]) => file === 'opted-in.v1.json')!;

describe('the stream of a contact', () => {
  it('is named after the contact', () => {
    expect(contactStream(contact(1))).toBe(`contact-${contact(1)}`);
    expect(contactOfStream(contactStream(contact(1)))).toBe(contact(1));
  });

  it('is told from every other stream', () => {
    expect(contactOfStream('mailing-1')).toBeUndefined();
  });
});

describe('a stored event of a contact', () => {
  it.each(golden)('is read for ever: %s', (_, { recorded, read }) => {
    expect(contactEventOf(recorded)).toStrictEqual(read);
  });

  it('has a golden fixture of every type at every schema version', () => {
    const expected = Object.entries(contactUpcasters).flatMap(([type, lifts]) =>
      [...lifts, 'current'].map((_, index) => `${type} ${index + 1}`),
    );
    const found = golden.map(
      ([, { recorded }]) => `${recorded.type} ${JSON.stringify(recorded.metadata['schemaVersion'])}`,
    );
    expect(found.sort()).toStrictEqual(expected.sort());
  });

  it('bears what a second copy of its act would bear, where that is on record (P4)', () => {
    const recorded = { ...optedIn.recorded, metadata: { ...optedIn.recorded.metadata, act: 'one-click' } };
    expect(contactEventOf(recorded)).toStrictEqual({ ...optedIn.read, act: 'one-click' });
  });

  it('is lifted through every version between its own and the current one', () => {
    const read = createContactEventReader({
      ...contactUpcasters,
      OptedIn: [(data) => ({ ...data, second: true }), (data) => ({ ...data, third: data['second'] === true })],
    });
    expect(read(optedIn.recorded).data).toMatchObject({ second: true, third: true });
    expect(read(atVersion(2)).data).toMatchObject({ third: false });
    expect(read(atVersion(3)).data).toStrictEqual(optedIn.recorded.data);
  });

  it.each([2, 0, 1.5, 'one', null])(
    'is refused at schema version %s, which no release before this one wrote',
    (version) => {
      expect(() => contactEventOf(atVersion(version))).toThrow(
        /position 100 has schema version .*; this release reads 1 to 1/,
      );
    },
  );

  it.each(['OptedSideways', 'constructor', 'toString'])('is refused when its type is %s', (type) => {
    expect(() => contactEventOf({ ...optedIn.recorded, type })).toThrow(
      'The event at position 100 is of an unknown type.',
    );
  });

  it.each([
    ['occurredAt', 'yesterday'],
    ['recordedAt', null],
  ])('is refused when its %s is %s', (field, value) => {
    const metadata = { ...optedIn.recorded.metadata, [field]: value };
    expect(() => contactEventOf({ ...optedIn.recorded, metadata })).toThrow(`has no RFC 3339 ${field}`);
  });
});

function atVersion(schemaVersion: number | string | null): RecordedEvent {
  return { ...optedIn.recorded, metadata: { ...optedIn.recorded.metadata, schemaVersion } };
}
