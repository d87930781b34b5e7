import type { Actor, ContactEvent, ContactState, Decision, Instant, Policy, SourceKind } from '@consent-ledger/consent';
import type { JsonObject, Position, Revision } from '@consent-ledger/event-store';
import type { Contact } from './load-contact.js';

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
export interface FactToRecord {
  readonly fact: Omit<Fact, 'idempotencyKey' | 'expectedRevision'>;
  readonly decide: (context: DecisionContext) => Decision;
  /** The id of the event that was decided on. */
  readonly eventId: () => string;
}
