import { START, type RecordedEvent } from '@consent-ledger/event-store';
import { describe, expect, it } from '@jest/globals';
import { resumeFrom, writeNote, type RelayNote } from './relay-note.js';

const beginning = { settledAt: 5, policies: 2 };
const anew = { ...beginning, position: START, eventId: undefined, known: START, knownId: undefined, decidedAt: 5 };
const note: RelayNote = {
  position: 10,
  eventId: 'ten',
  known: 30,
  knownId: 'thirty',
  settledAt: 1,
  decidedAt: 3,
  policies: 1,
};

const logOf = (ids: Readonly<Record<number, string>>) => ({
  readAt: (position: number) =>
    Promise.resolve(ids[position] === undefined ? undefined : ({ id: ids[position] } as RecordedEvent)),
});

describe('a relay that begins its turn', () => {
  it('goes on at the note, where the log still holds what was published and what the verdicts knew', async () => {
    expect(await resumeFrom(writeNote(note), logOf({ 10: 'ten', 30: 'thirty' }), beginning)).toStrictEqual({
      note,
      isOfAnotherLog: false,
    });
  });

  it.each([
    ['ends before what was published', {}],
    ['holds another event there', { 10: 'another', 30: 'thirty' }],
    ['ends before what the verdicts knew (P11)', { 10: 'ten' }],
    ['went on otherwise before what the verdicts knew (P11)', { 10: 'ten', 30: 'another' }],
  ])('begins anew on a log that %s', async (_, ids) => {
    const resumed = await resumeFrom(writeNote(note), logOf(ids), beginning);
    expect(resumed).toStrictEqual({ note: anew, isOfAnotherLog: true });
  });

  it('goes on at a note that does not tell which event the verdicts knew last', async () => {
    const { knownId: _, ...older } = JSON.parse(writeNote(note)) as RelayNote;
    expect(await resumeFrom(JSON.stringify(older), logOf({ 10: 'ten' }), beginning)).toMatchObject({
      note: { position: 10, known: 30, knownId: undefined },
      isOfAnotherLog: false,
    });
  });

  it('takes for what a note does not tell, when its verdicts were decided, until when it is settled', async () => {
    const { decidedAt: _, ...older } = JSON.parse(writeNote(note)) as RelayNote;
    expect(await resumeFrom(JSON.stringify(older), logOf({ 10: 'ten', 30: 'thirty' }), beginning)).toMatchObject({
      note: { settledAt: 1, decidedAt: 1 },
    });
  });

  it('begins at the start of the log where there is no note, and takes nothing back', async () => {
    expect(await resumeFrom(undefined, logOf({}), beginning)).toStrictEqual({ note: anew, isOfAnotherLog: false });
  });
});
