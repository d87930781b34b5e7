import {
  carryOver,
  nextDue,
  policyInForce,
  successorOf,
  type Decision,
  type EventMetadata,
  type Instant,
  type NewContactEvent,
  type Recording,
} from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type Revision,
} from '@consent-ledger/event-store';
import { Problem, type Clock, type Logger, type Metrics } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import { contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, EVENT_STORE, LOGGER, METRICS, PERSONAL_DATA, POLICIES } from '../ports.js';
import { Preferences } from '../preferences.js';
import { SettleDue } from '../settle-due/settle-due.js';
import { stillContended } from './contention.js';
import { decideOn } from './decide-on.js';
import { decidedOf, eventIdOf, eventOf, recordedOf, type Decided } from './event-of-fact.js';
import { type DecisionContext, type Fact, type FactToRecord, type Recorded, type RecordOptions } from './fact.js';
import { idempotencyOf, repeatOf } from './idempotency.js';
import { loadContact, newContact, type Contact } from './load-contact.js';
import { instantAfter, settleOccurrence, type Moments } from './occurrence.js';
import { recordNew } from './record-new.js';

/** Each round one of those who write to a contact at the same time gets through. */
const ATTEMPTS = 32;
/** What was done and cannot be undone must reach the log. */
const ATTEMPTS_TO_KEEP_A_PROMISE = 100;

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
    @Inject(Preferences) private readonly preferences: Pick<Preferences, 'mayKnow'> = { mayKnow: () => true },
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
    const ofNew = this.mayBeNew(fact, options) ? await this.recordAsNew(fact, decide, options) : undefined;
    if (ofNew) return ofNew;
    const { contact, recorded } = await this.recordHere(fact, decide, options);
    if (contact.events.some(({ type }) => type === 'AddressRectified')) await this.follow(fact);
    return recorded;
  }

  /**
   * Records facts of contacts of which nothing is on record, one each, as `record` does, but all at once. Answers in their
   * order; a `Problem` where `record` throws it, and nothing for a contact of which something is on record: its fact is left
   * to `record`.
   */
  recordNew(
    facts: readonly FactToRecord[],
    sealing: Pick<PersonalData, 'sealEach'> = this.personalData,
  ): Promise<readonly (Recorded | Problem | undefined)[]> {
    const { store, personalData, policies, clock, metrics } = this;
    return recordNew(facts, { store, sealing, personalData, policies, clock, metrics });
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

  /**
   * Whether nothing is lost when it turns out that the contact is not new: nothing was promised or done by then, and nobody
   * asked for its revision. An id that the fact settles would let the log take the fact for a repeat that changes nothing.
   */
  private mayBeNew({ contactId, expectedRevision }: Fact, { before, safeguard, eventId }: RecordOptions): boolean {
    if (before || safeguard || eventId || expectedRevision !== undefined) return false;
    return !this.preferences.mayKnow(contactId);
  }

  /**
   * Records a fact of a contact that the read model does not know, without asking the log for it first: that nothing is on
   * record is proved by the append, which expects no stream. Answers nothing where it does not prove that, or where there is
   * nothing to append: what is on record then is to be looked at.
   */
  private async recordAsNew(
    fact: Fact,
    decide: (context: DecisionContext) => Decision,
    options: RecordOptions,
  ): Promise<Recorded | undefined> {
    const contact = newContact(fact.contactId);
    const history = this.policies.history();
    const now = this.clock.now();
    const moments = { now, toldAt: settleOccurrence(fact.occurredAt, now) };
    const decision = unlessRefused(() => decideOn(contact, moments, decide, history));
    if (!decision || decision.events.length === 0) return undefined;
    const idempotency = idempotencyOf(fact, options.request);
    const decided = { ...decidedOf(fact, contact, decision, moments, options, history), idempotency };
    const events = await this.sealAsMayBe(fact, decision.events, decided, options);
    return events && this.tryAppend(contact, events);
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
      const history = this.policies.history();
      const decided = { ...decidedOf(fact, contact, decision, { now, toldAt }, options, history), idempotency };
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
    return {
      revision: contact.revision,
      decision: decideOn(contact, { now, toldAt }, decide, this.policies.history()),
    };
  }

  private safeguardOf(contact: Contact, { now, toldAt }: Moments, { safeguard }: RecordOptions) {
    return safeguard ? decideOn(contact, { now, toldAt }, safeguard, this.policies.history()).events : [];
  }

  /** Appends what goes before the decision itself; answers the revision then, `undefined` when another append came first. */
  private async appendBeforehand(
    fact: Fact,
    contact: Contact,
    events: readonly NewContactEvent[],
    { now, toldAt }: Moments,
  ): Promise<Revision | undefined> {
    const policy = policyInForce(this.policies.history(), toldAt, now);
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
      for (const { type } of events) this.metrics.appended(type);
      return recordedOf(contactId, events, appended);
    } catch (error) {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    }
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

/** A refusal may be owed to what was left out of the decision. */
function unlessRefused(decision: () => Recording): Recording | undefined {
  try {
    return decision();
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}

/** What was decided of a contact at a revision. */
interface Judged {
  readonly revision: Revision;
  readonly decision: Recording;
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

function changedContact({ revision }: Contact): Problem {
  const now = revision === NO_STREAM ? 'it has no events' : `its ETag is "${revision}"`;
  return new Problem(
    'PRECONDITION_FAILED',
    `The contact is not at the revision of If-Match: ${now}. Look at it again.`,
  );
}
