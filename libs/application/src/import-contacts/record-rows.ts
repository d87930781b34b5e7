import { Problem } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import type { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import type { ImportOrigin } from './import-repository.js';
import { recordingOf, recordRow, refusalOf, type RowOutcome } from './record-row.js';
import type { ReadRow } from './row-reader.js';

/** A row that says something of a contact, and its place among those that are recorded with it. */
export interface Said {
  readonly index: number;
  readonly row: ReadRow;
  readonly address: string;
  readonly contactId: string;
}

/** What rows are recorded through, and as what. */
export interface RowRecording {
  readonly contacts: ContactRepository;
  readonly sealing?: Pick<PersonalData, 'sealEach'> | undefined;
  readonly origin: ImportOrigin;
  readonly importId: string;
  /** Where the file came from, for rows that name no reference of their own. */
  readonly reference: string | undefined;
}

/**
 * Records rows that stand in the order of their contacts, and answers what became of each. The usual row, the only one of a
 * contact that nothing is on record of, is recorded together with all others like it; the rows of one contact otherwise one
 * after the other.
 */
export async function recordRows(said: readonly Said[], as: RowRecording): Promise<readonly RowOutcome[]> {
  const outcomes = new Map<Said, RowOutcome>();
  const alone = said.filter((one, at) => isAlone(one, said[at - 1], said[at + 1]));
  const recordings = alone.map((one) => recordingOf(factOf(one, as), one.row.facts[0]!));
  const answers = await as.contacts.recordNew(recordings, as.sealing);
  alone.forEach((one, at) => {
    const answer = answers[at];
    if (answer) outcomes.set(one, outcomeOf(one.row, answer));
  });
  await recordByContact(
    said.filter((one) => !outcomes.has(one)),
    as,
    outcomes,
  );
  return said.map((one) => outcomes.get(one)!);
}

function isAlone({ contactId, row }: Said, before: Said | undefined, after: Said | undefined): boolean {
  return row.facts.length === 1 && before?.contactId !== contactId && after?.contactId !== contactId;
}

function outcomeOf(row: ReadRow, answer: Recorded | Problem): RowOutcome {
  if (answer instanceof Problem) return { recorded: [], refusals: [...row.refusals, refusalOf(row, answer)] };
  return { recorded: answer.recorded.map(({ type }) => type), refusals: row.refusals };
}

/** Contacts at once, the rows of one contact one after the other. */
async function recordByContact(
  said: readonly Said[],
  as: RowRecording,
  outcomes: Map<Said, RowOutcome>,
): Promise<void> {
  const busy = new Map<string, Promise<void>>();
  const recording = said.map((one) => {
    const record = async () => void outcomes.set(one, await recordRow(as.contacts, factOf(one, as), one.row));
    const before = busy.get(one.contactId);
    const recorded = before ? before.then(record) : record();
    busy.set(one.contactId, recorded);
    return recorded;
  });
  await Promise.allSettled(recording);
  await Promise.all(recording);
}

function factOf({ row, address, contactId }: Said, { origin, importId, reference: ofFile }: RowRecording): Fact {
  const { reference = ofFile } = row;
  const source = { kind: 'import' as const, ...(reference !== undefined && { reference }) };
  return { contactId, address, source, ...origin, importId };
}
