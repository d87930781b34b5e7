import { optIn, optOut, recordDeliverability, type ContactState, type Decision } from '@consent-ledger/consent';
import { deterministicId, Problem } from '@consent-ledger/platform';
import type { ContactRepository } from '../contact/contact-repository.js';
import type { DecisionContext, Fact, FactToRecord } from '../contact/fact.js';
import type { ReadRow, RowFact, RowRefusal } from './row-reader.js';

/** What became of a row: the types of the events that were recorded, and what was refused of it. */
export interface RowOutcome {
  readonly recorded: readonly string[];
  readonly refusals: readonly RowRefusal[];
}

/**
 * Records what a row says of a contact. The id of each event is made of what it says and not of the import, so that the
 * same row in the same file, or in another one, is recorded once. What the rules refuse is told (P3, P4).
 */
export async function recordRow(contacts: ContactRepository, fact: Fact, row: ReadRow): Promise<RowOutcome> {
  const recorded: string[] = [];
  const refusals = [...row.refusals];
  for (const said of row.facts)
    try {
      const answer = await recordFact(contacts, fact, said);
      recorded.push(...answer.recorded.map(({ type }) => type));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refusals.push(refusalOf(row, error));
    }
  return { recorded, refusals };
}

/** What the rules refuse, as the report tells it. Throws what is no fault of the row. */
export function refusalOf({ line }: ReadRow, problem: Problem): RowRefusal {
  if (problem.status >= 500) throw problem;
  return { line, code: problem.code, reason: problem.detail };
}

function recordFact(contacts: ContactRepository, of: Fact, said: RowFact) {
  const { fact, decide, eventId } = recordingOf(of, said);
  return contacts.record(fact, decide, { request: {}, eventId });
}

/** One thing that a row says of a contact, as it is to be recorded. */
export function recordingOf(of: Fact, said: RowFact): FactToRecord {
  const { occurredAt } = said;
  let eventId: string;
  return {
    fact: { ...of, ...(occurredAt !== undefined && { occurredAt }) },
    decide(context) {
      eventId = importedEventId(of.contactId, said, context.state);
      return context.events.some(({ id }) => id === eventId) ? { events: [] } : decideOn(context, said);
    },
    eventId: () => eventId,
  };
}

function decideOn({ state, stateThen, events, policy, occurredAt }: DecisionContext, said: RowFact): Decision {
  switch (said.kind) {
    case 'opt-in': {
      const { purposes, statement } = said;
      const reported = { confirmation: 'none', actOf: 'reported', recorded: false } as const;
      return optIn(state, { purposes, statement, ...reported, occurredAt }, policy);
    }
    case 'opt-out':
      return optOut({ state: stateThen, events }, { purposes: said.purposes, occurredAt }, policy);
    case 'bounced':
      return recordDeliverability(stateThen, { kind: 'bounced', permanent: true, occurredAt }, policy);
    case 'complained':
      return recordDeliverability(stateThen, { kind: 'complained', occurredAt }, policy);
  }
}

/** What was taken back may be imported again: it is then an event of its own. */
function importedEventId(contactId: string, said: RowFact, { takenBack }: ContactState): string {
  const content = JSON.stringify(contentOf(said));
  for (let again = 0; ; again++) {
    const id = deterministicId('import', contactId, content, again);
    if (!takenBack.includes(id)) return id;
  }
}

function contentOf(said: RowFact): readonly unknown[] {
  const at = said.occurredAt ?? 'undated';
  if (said.kind === 'bounced' || said.kind === 'complained') return [said.kind, at];
  const purposes = said.purposes === 'all' ? 'all' : [...said.purposes].sort();
  if (said.kind === 'opt-out') return [said.kind, at, purposes];
  const { id, version, language } = said.statement;
  return [said.kind, at, purposes, id, version, language];
}
