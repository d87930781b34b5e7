import {
  forecast,
  momentFor,
  parsePeriod,
  policyInForce,
  retentionOf,
  type Due,
  type Ground,
  type Instant,
} from '@consent-ledger/consent';
import type { EventStore, Position, Revision } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';

export interface GroundBody {
  readonly ground: string;
  readonly purpose?: string;
  /** RFC 3339; `null` while it has no end: a hold or a restriction that stands. */
  readonly endsAt: string | null;
}

export interface DueBody {
  readonly kind: Due['kind'];
  readonly at: string;
  readonly purposes?: readonly string[];
}

export interface RetentionAnswer {
  readonly contactId: string;
  readonly at: string;
  readonly position: Position;
  readonly revision: Revision;
  readonly policy: { readonly id: string; readonly version: number };
  /** P7: what holds the data, or held it, and until when. */
  readonly grounds: readonly GroundBody[];
  /** When the last ground ends; `null` while that is open, and where nothing is held. */
  readonly endsAt: string | null;
  /** What falls due by the horizon if nothing more happens; what is overdue comes first. */
  readonly next: readonly DueBody[];
}

/** How far ahead it is told what falls due, inclusive: the prompt of a consent given just now lies there. */
const HORIZON = parsePeriod('P36M')!;

/** What holds a contact's personal data, until when, and what time brings in the next 36 months (P5 to P8). */
export class ShowRetentionQuery extends Query<RetentionAnswer> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(ShowRetentionQuery)
export class ShowRetentionHandler implements IQueryHandler<ShowRetentionQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId }: ShowRetentionQuery): Promise<RetentionAnswer> {
    const position = await this.store.head();
    const { state, revision } = await this.contacts.load(contactId);
    const at = momentFor(state, this.clock.now());
    const history = this.policies.history();
    const policy = policyInForce(history, at, at);
    const { grounds, endsAt } = retentionOf(state, policy);
    return {
      contactId,
      at: toRfc3339(at),
      position,
      revision,
      policy: { id: policy.id, version: policy.version },
      grounds: grounds.map(groundBody),
      endsAt: endBody(endsAt),
      next: [...forecast(state, history, policy.calendar.add(at, HORIZON) + 1)].map(dueBody),
    };
  }
}

function groundBody({ ground, purpose, endsAt }: Ground): GroundBody {
  return { ground, ...(purpose !== undefined && { purpose }), endsAt: endBody(endsAt) };
}

function endBody(endsAt: Instant): string | null {
  return Number.isFinite(endsAt) ? toRfc3339(endsAt) : null;
}

function dueBody(due: Due): DueBody {
  return { kind: due.kind, at: toRfc3339(due.at), ...('purposes' in due && { purposes: due.purposes }) };
}
