import type { NewContactEvent } from '@consent-ledger/consent';
import { NO_STREAM, RevisionConflict, type EventStore, type NewEvent } from '@consent-ledger/event-store';
import { Problem, type Clock, type Metrics } from '@consent-ledger/platform';
import type { PersonalData, Unsealed } from '@consent-ledger/privacy';
import { contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { decideOn } from './decide-on.js';
import { decidedOf, eventIdOf, eventOf, recordedOf, type Decided } from './event-of-fact.js';
import type { Fact, FactToRecord, Recorded } from './fact.js';
import { newContact } from './load-contact.js';
import { settleOccurrence } from './occurrence.js';

/** What new contacts are recorded through. */
export interface NewContacts {
  readonly store: EventStore;
  readonly sealing: Pick<PersonalData, 'sealEach'>;
  readonly personalData: Pick<PersonalData, 'erasedAmong'>;
  readonly policies: PolicyShelf;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'appended'>;
}

/** What was decided of a new contact, before anything of it is sealed. */
interface Draft {
  readonly fact: Fact;
  readonly streamId: string;
  readonly decided: Decided;
  readonly parts: readonly { readonly id: string; readonly event: NewContactEvent }[];
}

/**
 * Records facts of contacts of which nothing is on record, one each, all at once: their keys are made durable together, and
 * so are their events. Answers in their order; a `Problem` where a fact is refused, and nothing for a contact of which
 * something is on record or a key was destroyed meanwhile.
 */
export async function recordNew(
  facts: readonly FactToRecord[],
  through: NewContacts,
): Promise<readonly (Recorded | Problem | undefined)[]> {
  const streamIds = facts.map(({ fact }) => contactStream(fact.contactId));
  const known = await through.store.existing(streamIds);
  const judged = facts.map((one, at) =>
    known.has(streamIds[at]!) ? undefined : judgeNew(one, streamIds[at]!, through),
  );
  const drafts = judged.filter((answer): answer is Draft => answer !== undefined && 'parts' in answer);
  const appended = await appendNew(drafts, through);
  return judged.map((answer) => (answer && 'parts' in answer ? appended.get(answer) : answer));
}

function judgeNew(
  { fact, decide, eventId }: FactToRecord,
  streamId: string,
  { clock, policies }: NewContacts,
): Draft | Problem {
  const contact = newContact(fact.contactId);
  try {
    const history = policies.history();
    const now = clock.now();
    const moments = { now, toldAt: settleOccurrence(fact.occurredAt, now) };
    const decision = decideOn(contact, moments, decide, history);
    const decided = decidedOf(fact, contact, decision, moments, { eventId }, history);
    const parts = decision.events.map((event, index) => ({ id: eventIdOf(decided, index), event }));
    return { fact, streamId, decided, parts };
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** What was appended of each; nothing where another append came first, or a key was destroyed meanwhile. */
async function appendNew(
  drafts: readonly Draft[],
  { store, sealing, personalData, metrics }: NewContacts,
): Promise<ReadonlyMap<Draft, Recorded>> {
  const sealed = await sealing.sealEach(drafts.flatMap(unsealedIn));
  const erased = await personalData.erasedAmong(sealed);
  const seals = sealed[Symbol.iterator]();
  const appending = drafts
    .map((draft) => ({ draft, events: eventsOf(draft, seals) }))
    .filter(({ events }) => events.length > 0 && !events.some(({ data }) => erased.has(data['sealed'] as string)));
  const answers = await store.appendEach(
    appending.map(({ draft: { streamId }, events }) => ({ streamId, expected: NO_STREAM, events })),
  );
  const appended = new Map<Draft, Recorded>();
  appending.forEach(({ draft, events }, at) => {
    const answer = answers[at]!;
    if (answer instanceof RevisionConflict) return;
    for (const { type } of events) metrics.appended(type);
    appended.set(draft, recordedOf(draft.fact.contactId, events, answer));
  });
  return appended;
}

/** What is sealed for the events of a draft, in their order. */
function unsealedIn({ fact: { contactId }, streamId, decided: { personal }, parts }: Draft): Unsealed[] {
  return personal ? parts.map(({ id }) => ({ contactId, place: { streamId, eventId: id }, value: personal })) : [];
}

/** The events of a draft; takes the seals of those that have one. */
function eventsOf({ fact, decided, parts }: Draft, seals: Iterator<string>): NewEvent[] {
  return parts.map(({ id, event }) =>
    eventOf(fact, event, id, decided, decided.personal && (seals.next().value as string)),
  );
}
