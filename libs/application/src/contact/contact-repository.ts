import {
  carryOver,
  eventsKnown,
  foldContact,
  NEVER,
  nextDue,
  policyInForce,
  policyVersionOf,
  successorOf,
  tellGround,
  type Actor,
  type ContactEvent,
  type ContactState,
  type Decision,
  type EventMetadata,
  type Instant,
  type NewContactEvent,
  type Policy,
  type Refusal,
  type SourceKind,
} from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type Appended,
  type EventStore,
  type Json,
  type JsonObject,
  type NewEvent,
  type Position,
  type Revision,
} from '@consent-ledger/event-store';
import {
  deterministicId,
  newId,
  Problem,
  toRfc3339,
  type Clock,
  type Logger,
  type Metrics,
  type ProblemCode,
} from '@consent-ledger/platform';
import type { PersonalData, Unsealed } from '@consent-ledger/privacy';
import { contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, EVENT_STORE, LOGGER, METRICS, PERSONAL_DATA, POLICIES } from '../ports.js';
import { stillContended } from './contention.js';
import { loadContact, newContact, type Contact } from './load-contact.js';
import { SettleDue } from '../settle-due/settle-due.js';

/** Something that a contact did, or that was learnt of one, on its way to the log. */
export interface Fact {
  readonly contactId: string;
  /** The address in normal form, when the caller gave it; it is sealed. */
  readonly address?: string;
  /** When it happened; now when absent. */
  readonly occurredAt?: Instant;
  readonly source: { readonly kind: SourceKind; readonly reference?: string };
  readonly actor: Actor;
  readonly correlationId: string;
  readonly idempotencyKey?: string;
  /** P4: what a second copy of the same opt-out bears too; absent where it may be taken back, or nothing tells one from another. */
  readonly act?: string;
  /** The import that brings the fact. */
  readonly importId?: string;
  /** The caller's `If-Match`: the revision that the contact must be at. */
  readonly expectedRevision?: Revision;
}

/** What recording a fact answers: where the contact is now, and the events that were appended. */
export interface Recorded {
  readonly contactId: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly recorded: readonly { readonly eventId: string; readonly type: string }[];
}

/** What a decision may look at. */
export interface DecisionContext {
  /** Everything on record. */
  readonly state: ContactState;
  /** What was so when the fact occurred. */
  readonly stateThen: ContactState;
  readonly events: readonly ContactEvent[];
  readonly policy: Policy;
  readonly occurredAt: Instant;
}

export interface RecordOptions {
  /** What the request says, apart from personal data: the same key with another request is refused. */
  readonly request: JsonObject;
  /** What describes the person, sealed beside the event. */
  readonly personal?: JsonObject;
  /** The id of the event that was decided on, where what it says settles it; a random one by default. */
  readonly eventId?: () => string;
  /** P4: recorded also where what fell due before it cannot be, or nothing can be sealed: for what only stops mail. */
  readonly atOnce?: boolean;
  /** P7: no overdue end of retention comes before it, and nothing that fell due hinders it: for what keeps the data. */
  readonly keepsData?: boolean;
  /**
   * What goes on record by itself before `before` runs, where the decision is to append: a crash after it leaves the person
   * as safe as the decision itself would. The answer does not name it.
   */
  readonly safeguard?: (context: DecisionContext) => Decision;
  /**
   * What cannot be undone: done once the decision is to append, before each attempt at it. Answers `false` where more is on
   * record than was judged. Once it is done its event is appended, whatever was recorded meanwhile.
   */
  readonly before?: (judged: Contact) => Promise<boolean>;
}

/** A fact that is recorded among many, and how it is decided on. */
export interface Recording {
  readonly fact: Omit<Fact, 'idempotencyKey' | 'expectedRevision'>;
  readonly decide: (context: DecisionContext) => Decision;
  /** The id of the event that was decided on. */
  readonly eventId: () => string;
}

/** Each round one of those who write to a contact at the same time gets through. */
const ATTEMPTS = 32;
/** What was done and cannot be undone must reach the log. */
const ATTEMPTS_TO_KEEP_A_PROMISE = 100;
/** By how much a caller's clock may run ahead, in milliseconds. */
export const CLOCK_SKEW = 5 * 60_000;

/** Loads a contact, has a decision made, appends what it says, and decides again when another append came first. */
@Injectable()
export class ContactRepository {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PERSONAL_DATA) private readonly personalData: Omit<PersonalData, 'open'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Pick<Metrics, 'appended'>,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    private readonly settleDue: SettleDue,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'error'>,
  ) {}

  /** The contact's whole stream, folded by the caller; an unknown contact has no events. */
  load(contactId: string): Promise<Contact> {
    return loadContact(this.store, contactId);
  }

  /**
   * Records a fact: appends what `decide` says at the revision it looked at, durably. Throws a `Problem` when the
   * decision refuses, the fact lies in the future, `If-Match` does not match or an `Idempotency-Key` is used twice.
   * Where another address replaced the contact's, what follows the person is recorded there too before this resolves (P9).
   */
  async record(fact: Fact, decide: (context: DecisionContext) => Decision, options: RecordOptions): Promise<Recorded> {
    const { contact, recorded } = await this.recordHere(fact, decide, options);
    if (contact.events.some(({ type }) => type === 'AddressRectified')) await this.follow(fact);
    return recorded;
  }

  /**
   * Records facts of contacts of which nothing is on record, one each, as `record` does, but all at once: their keys are made
   * durable together, and so are their events. Answers in their order; a `Problem` where `record` throws it, and nothing for
   * a contact of which something is on record: its fact is left to `record`.
   */
  async recordNew(
    recordings: readonly Recording[],
    sealing: Pick<PersonalData, 'sealEach'> = this.personalData,
  ): Promise<readonly (Recorded | Problem | undefined)[]> {
    const streamIds = recordings.map(({ fact }) => contactStream(fact.contactId));
    const known = await this.store.existing(streamIds);
    const judged = recordings.map((recording, at) =>
      known.has(streamIds[at]!) ? undefined : this.judgeNew(recording, streamIds[at]!),
    );
    const drafts = judged.filter((answer): answer is Draft => answer !== undefined && 'parts' in answer);
    const appended = await this.appendNew(drafts, sealing);
    return judged.map((answer) => (answer && 'parts' in answer ? appended.get(answer) : answer));
  }

  private judgeNew({ fact, decide, eventId }: Recording, streamId: string): Draft | Problem {
    const contact = newContact(fact.contactId);
    try {
      const now = this.clock.now();
      const moments = { now, toldAt: settleOccurrence(fact.occurredAt, now) };
      const decision = this.decideOn(contact, moments, decide);
      const decided = this.decidedOf(fact, contact, decision, moments, { request: {}, eventId });
      const parts = decision.events.map((event, index) => ({ id: eventIdOf(decided, index), event }));
      return { fact, streamId, decided, parts };
    } catch (error) {
      if (error instanceof Problem) return error;
      throw error;
    }
  }

  /** What was appended of each; nothing where another append came first, or a key was destroyed meanwhile. */
  private async appendNew(
    drafts: readonly Draft[],
    sealing: Pick<PersonalData, 'sealEach'>,
  ): Promise<ReadonlyMap<Draft, Recorded>> {
    const sealed = await sealing.sealEach(drafts.flatMap(unsealedIn));
    const erased = await this.personalData.erasedAmong(sealed);
    const seals = sealed[Symbol.iterator]();
    const appending = drafts
      .map((draft) => ({ draft, events: eventsOf(draft, seals) }))
      .filter(({ events }) => events.length > 0 && !events.some(({ data }) => erased.has(data['sealed'] as string)));
    const answers = await this.store.appendEach(
      appending.map(({ draft: { streamId }, events }) => ({ streamId, expected: NO_STREAM, events })),
    );
    const appended = new Map<Draft, Recorded>();
    appending.forEach(({ draft, events }, at) => {
      const answer = answers[at]!;
      if (answer instanceof RevisionConflict) return;
      appended.set(draft, this.recordedOf(draft.fact.contactId, events, answer));
    });
    return appended;
  }

  /** Links and letters know a person by an address that they left: what they do there counts where they are now. */
  private async follow({ contactId, source, actor, correlationId }: Fact): Promise<void> {
    const left = await this.load(contactId);
    const to = successorOf(left.state);
    if (to === undefined) return;
    const fact = { contactId: to, source: { kind: source.kind }, actor, correlationId };
    await this.record(fact, ({ state }) => carryOver(left, state, { adopted: false }), {
      request: { command: 'carry-over', from: contactId },
    });
  }

  private async recordHere(
    fact: Fact,
    decide: (context: DecisionContext) => Decision,
    options: RecordOptions,
  ): Promise<{ readonly contact: Contact; readonly recorded: Recorded }> {
    const idempotency = idempotencyOf(fact, options.request);
    let promised: Judged | undefined;
    let expected = fact.expectedRevision;
    for (let attempt = 0; attempt < (promised ? ATTEMPTS_TO_KEEP_A_PROMISE : ATTEMPTS); attempt++) {
      const contact = await this.load(fact.contactId);
      const repeated = idempotency && repeatOf(contact, idempotency);
      if (repeated) return { contact, recorded: repeated };
      if (!promised && expected !== undefined && !isAt(contact, expected, attempt > 0)) throw changedContact(contact);
      const now = instantAfter(contact, this.clock.now());
      const toldAt = settleOccurrence(fact.occurredAt, now);
      const judged = promised ?? (await this.judge(contact, { now, toldAt }, decide, options));
      if (!judged) continue;
      const { decision } = judged;
      if (decision.events.length === 0 || (promised && isKept(promised, contact)))
        return { contact, recorded: await this.nothingRecorded(contact) };

      const safeguard = promised ? [] : this.safeguardOf(contact, { now, toldAt }, options);
      if (safeguard.length > 0) {
        expected = (await this.appendBeforehand(fact, contact, safeguard, { now, toldAt })) ?? expected;
        continue;
      }
      if (options.before) {
        if (!(await options.before(contact))) continue;
        promised = judged;
      }
      const decided = { ...this.decidedOf(fact, contact, decision, { now, toldAt }, options), idempotency };
      const events = await this.sealAsMayBe(fact, decision.events, decided, options);
      if (!events) continue;
      const appended = await this.tryAppend(contact, events);
      if (appended) return { contact, recorded: appended };
    }
    throw stillContended();
  }

  /** What is to be recorded of a fact; `undefined` when something that fell due before it was recorded first. */
  private async judge(
    contact: Contact,
    { now, toldAt }: Moments,
    decide: (context: DecisionContext) => Decision,
    options: RecordOptions,
  ): Promise<Judged | undefined> {
    if (await this.settleBefore(contact, toldAt, options)) return undefined;
    return { revision: contact.revision, decision: this.decideOn(contact, { now, toldAt }, decide) };
  }

  private decideOn(
    contact: Contact,
    { now, toldAt }: Moments,
    decide: (context: DecisionContext) => Decision,
  ): Judged['decision'] {
    return recordable(decide(new Context(contact, this.policyAt(toldAt, now), toldAt)));
  }

  private decidedOf(
    fact: Fact,
    contact: Contact,
    decision: Judged['decision'],
    { now, toldAt }: Moments,
    options: RecordOptions,
  ): Decided {
    const occurredAt = decision.occurredAt ?? toldAt;
    const policy = this.policyAt(occurredAt, now);
    const personal = isErasedAlready(contact, occurredAt) ? undefined : personalPart(fact, options.personal);
    return { personal, idempotency: undefined, eventId: options.eventId?.(), policy, occurredAt, now };
  }

  private safeguardOf(contact: Contact, { now, toldAt }: Moments, { safeguard }: RecordOptions) {
    return safeguard ? this.decideOn(contact, { now, toldAt }, safeguard).events : [];
  }

  /** Appends what goes before the decision itself; answers the revision then, `undefined` when another append came first. */
  private async appendBeforehand(
    fact: Fact,
    contact: Contact,
    events: readonly NewContactEvent[],
    { now, toldAt }: Moments,
  ): Promise<Revision | undefined> {
    const policy = this.policyAt(toldAt, now);
    const decided = {
      personal: undefined,
      idempotency: undefined,
      eventId: undefined,
      policy,
      occurredAt: toldAt,
      now,
    };
    return (await this.tryAppend(contact, await this.sealAll(fact, events, decided)))?.revision;
  }

  private async isErased(events: readonly NewEvent[]): Promise<boolean> {
    for (const { sealed } of events.map(({ data }) => data))
      if (typeof sealed === 'string' && (await this.personalData.isErased(sealed))) return true;
    return false;
  }

  private policyAt(at: Instant, now: Instant): Policy {
    return policyInForce(this.policies.history(), at, now);
  }

  /**
   * What fell due before the fact occurred is recorded before it, also when no worker ran: a contact that was to be erased
   * comes back under a new key, and a prompt that nobody sent is not forgotten because its question was answered since.
   */
  private async settleBefore(
    contact: Contact,
    occurredAt: Instant,
    { atOnce, keepsData: keepData = false }: RecordOptions,
  ): Promise<boolean> {
    if (contact.events.length === 0) return false;
    const due = nextDue(contact.state, this.policies.history());
    if (!due || due.at > occurredAt) return false;
    try {
      return (await this.settleDue.settle(contact.contactId, occurredAt, { keepData })) > 0;
    } catch (error) {
      if (!atOnce && !keepData) throw error;
      this.logger.error('What fell due before a fact could not be recorded, and is left to the worker', { error });
      return false;
    }
  }

  private async tryAppend(
    { contactId, revision }: Contact,
    events: readonly NewEvent[],
  ): Promise<Recorded | undefined> {
    try {
      const appended = await this.store.append(contactStream(contactId), revision, events);
      return this.recordedOf(contactId, events, appended);
    } catch (error) {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    }
  }

  private recordedOf(contactId: string, events: readonly NewEvent[], appended: Appended): Recorded {
    for (const { type } of events) this.metrics.appended(type);
    return { contactId, ...appended, recorded: events.map(({ id, type }) => ({ eventId: id, type })) };
  }

  private async nothingRecorded({ contactId, revision, recorded }: Contact): Promise<Recorded> {
    const position = recorded.at(-1)?.position ?? (await this.store.head());
    return { contactId, revision, position, recorded: [] };
  }

  /**
   * `undefined` for what was sealed under a key that is gone by now: it is sealed anew under the next one. An opt-out counts
   * at once (P4): while the vault cannot be used it is recorded without its sealed part.
   */
  private async sealAsMayBe(
    fact: Fact,
    events: readonly NewContactEvent[],
    decided: Decided,
    { atOnce }: RecordOptions,
  ): Promise<NewEvent[] | undefined> {
    try {
      const sealed = await this.sealAll(fact, events, decided);
      return (await this.isErased(sealed)) ? undefined : sealed;
    } catch (error) {
      if (!atOnce) throw error;
      this.logger.error('What belongs to an opt-out could not be sealed, and is not kept', { error });
      return this.sealAll(fact, events, { ...decided, personal: undefined });
    }
  }

  private sealAll(fact: Fact, events: readonly NewContactEvent[], decided: Decided): Promise<NewEvent[]> {
    return Promise.all(events.map((event, index) => this.seal(fact, event, index, decided)));
  }

  private async seal(fact: Fact, event: NewContactEvent, index: number, decided: Decided): Promise<NewEvent> {
    const id = eventIdOf(decided, index);
    const place = { streamId: contactStream(fact.contactId), eventId: id };
    const sealed = decided.personal && (await this.personalData.seal(fact.contactId, place, decided.personal));
    return eventOf(fact, event, id, decided, sealed);
  }
}

/** When a fact is recorded, and when it occurred by what is told of it. */
interface Moments {
  readonly now: Instant;
  readonly toldAt: Instant;
}

/** What was decided of a contact at a revision. */
interface Judged {
  readonly revision: Revision;
  readonly decision: Extract<Decision, { readonly events: unknown }>;
}

/** What a decision has recorded. Throws the problem that a refusal is told as. */
function recordable(decision: Decision): Judged['decision'] {
  if ('refused' in decision) throw refusalProblem(decision.refused);
  return decision;
}

/**
 * Whether the contact is where the caller saw it. Once that was found so, what the service itself records as due does not
 * count: the caller could not know of it.
 */
function isAt({ revision, recorded }: Contact, expected: Revision, wasThere: boolean): boolean {
  if (revision === expected || !wasThere) return revision === expected;
  const isDue = ({ metadata }: { readonly metadata: JsonObject }) =>
    (metadata as unknown as EventMetadata).source.kind === 'scheduler';
  return recorded.filter((event) => event.revision > expected).every(isDue);
}

/** Whether somebody else put on record by now what was promised. */
function isKept({ revision, decision }: Judged, { recorded }: Contact): boolean {
  const since = recorded.filter((event) => event.revision > revision);
  const isAmong = ({ type, data }: NewContactEvent) =>
    since.some((event) => event.type === type && JSON.stringify(event.data) === JSON.stringify(data));
  return decision.events.every(isAmong);
}

interface Decided {
  /** What is sealed beside each event. */
  readonly personal: JsonObject | undefined;
  readonly idempotency: Idempotency | undefined;
  /** What the caller said the id of the event is. */
  readonly eventId: string | undefined;
  readonly policy: Policy;
  readonly occurredAt: Instant;
  readonly now: Instant;
}

/** What was decided of a new contact, before anything of it is sealed. */
interface Draft {
  readonly fact: Fact;
  readonly streamId: string;
  readonly decided: Decided;
  readonly parts: readonly { readonly id: string; readonly event: NewContactEvent }[];
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

function eventOf(fact: Fact, event: NewContactEvent, id: string, decided: Decided, sealed?: string): NewEvent {
  const data = { ...(event.data as unknown as JsonObject), ...(sealed && { sealed }) };
  return { id, type: event.type, data, metadata: metadataOf(fact, decided) as unknown as JsonObject };
}

function eventIdOf({ idempotency, eventId }: Decided, index: number): string {
  if (idempotency) return deterministicId(idempotency.fingerprint, index);
  if (eventId === undefined) return newId();
  return index === 0 ? eventId : deterministicId(eventId, index);
}

/**
 * Now, but later than all that is on record: of two acts in one millisecond the stricter would win (law 1), and an opt-in
 * that follows an opt-out at once would be without effect. What fell due occurred when it was due, whenever it is recorded.
 */
function instantAfter({ recorded, events }: Contact, now: Instant): Instant {
  let instant = now;
  for (const [index, { occurredAt, recordedAt }] of events.entries()) {
    const { source } = recorded[index]!.metadata as unknown as EventMetadata;
    const known = source.kind === 'scheduler' ? occurredAt : recordedAt;
    if (known >= instant) instant = known + 1;
  }
  return instant;
}

/** A caller's clock may run ahead a little: what it dates in the near future happened now, never later. */
export function settleOccurrence(occurredAt: Instant | undefined, now: Instant): Instant {
  if (occurredAt === undefined) return now;
  if (occurredAt <= now + CLOCK_SKEW) return Math.min(occurredAt, now);
  throw new Problem(
    'OCCURRED_IN_FUTURE',
    'occurredAt is more than 5 minutes ahead. Record the fact once it has happened.',
    [{ field: 'occurredAt', message: 'must not be later than 5 minutes from now' }],
  );
}

/** A contact as a decision looks at it. */
class Context implements DecisionContext {
  readonly events: readonly ContactEvent[];

  constructor(
    private readonly contact: Contact,
    readonly policy: Policy,
    readonly occurredAt: Instant,
  ) {
    this.events = contact.events;
  }

  get state(): ContactState {
    return this.contact.state;
  }

  get stateThen(): ContactState {
    return foldContact(eventsKnown(this.events, this.occurredAt, NEVER));
  }
}

/** The answer that this request got the first time, when its events stand in the log. */
function repeatOf(contact: Contact, { keyPart, fingerprint }: Idempotency): Recorded | undefined {
  const fingerprints = contact.recorded.map(({ metadata }) => (metadata as unknown as EventMetadata).fingerprint);
  const start = fingerprints.findIndex((found) => found?.startsWith(keyPart));
  if (start < 0) return undefined;
  if (fingerprints[start] !== fingerprint)
    throw new Problem('IDEMPOTENCY_KEY_REUSED', 'This Idempotency-Key was used for another request. Use a new key.');
  const same = contact.recorded.slice(start).filter(({ id }, index) => id === deterministicId(fingerprint, index));
  const last = same.at(-1)!;
  return {
    contactId: contact.contactId,
    revision: last.revision,
    position: last.position,
    recorded: same.map(({ id, type }) => ({ eventId: id, type })),
  };
}

/**
 * A key and the request that bore it. Event ids are made of both, so that the log never takes the append of one request
 * for a repeat of another that bore the same key.
 */
interface Idempotency {
  /** What every fingerprint of this key begins with. */
  readonly keyPart: string;
  readonly fingerprint: string;
}

function idempotencyOf({ contactId, actor, idempotencyKey }: Fact, request: JsonObject): Idempotency | undefined {
  if (idempotencyKey === undefined) return undefined;
  const keyPart = `${deterministicId('contact', contactId, actor.id ?? actor.kind, idempotencyKey)}.`;
  return { keyPart, fingerprint: keyPart + deterministicId(JSON.stringify(sorted(request))) };
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return (value as Json[]).map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}

/** P7: what occurred before an erasure and is told after it is erased already. Sealed under a new key, nothing would end it. */
function isErasedAlready({ events }: Contact, occurredAt: Instant): boolean {
  return events.some((event) => event.type === 'PersonalDataErased' && occurredAt <= event.occurredAt);
}

function personalPart({ address, source }: Fact, personal: JsonObject | undefined): JsonObject | undefined {
  const parts: JsonObject = {
    ...(address !== undefined && { address }),
    ...(source.reference !== undefined && { reference: source.reference }),
    ...personal,
  };
  return Object.keys(parts).length > 0 ? parts : undefined;
}

function metadataOf(fact: Fact, { idempotency, policy, occurredAt, now }: Decided): EventMetadata {
  const { actor, source, correlationId, importId, act } = fact;
  return {
    occurredAt: toRfc3339(occurredAt),
    recordedAt: toRfc3339(now),
    actor,
    source: { kind: source.kind },
    correlationId,
    schemaVersion: 1,
    policyVersion: policyVersionOf(policy),
    ...(idempotency && { fingerprint: idempotency.fingerprint }),
    ...(importId !== undefined && { importId }),
    ...(act !== undefined && { act }),
  };
}

function changedContact({ revision }: Contact): Problem {
  const now = revision === NO_STREAM ? 'it has no events' : `its ETag is "${revision}"`;
  return new Problem(
    'PRECONDITION_FAILED',
    `The contact is not at the revision of If-Match: ${now}. Look at it again.`,
  );
}

/** The problem that a refusal is told as. */
export function refusalProblem({ code, detail, purposes, grounds }: Refusal): Problem {
  const errors =
    purposes?.map((purpose) => ({ field: 'purposes', message: `${purpose}: ${code}` })) ??
    grounds?.map((ground) => ({ field: 'reason', message: tellGround(ground) }));
  return new Problem(code satisfies ProblemCode, detail, errors);
}
