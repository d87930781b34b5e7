import {
  decideEligibility,
  evolve,
  NEVER,
  policyInForce,
  unknownContact,
  type Actor,
  type ContactEvent,
  type ContactState,
  type EventMetadata,
  type Instant,
} from '@consent-ledger/consent';
import type { EventStore, JsonObject, Position, RecordedEvent, Revision } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import { contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { verdictBody, type VerdictBody } from '../ask-eligibility/answer.js';
import { ContactRepository } from '../contact/contact-repository.js';
import { shownEvidence } from '../contact/evidence.js';
import { CLOCK, EVENT_STORE, PERSONAL_DATA, POLICIES } from '../ports.js';

export interface HistoryEntry {
  readonly eventId: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly actor: Actor;
  readonly source: { readonly kind: string };
  /** The open part of the event. */
  readonly data: JsonObject;
  /** What was sealed of the person; `erased` once the contact's key is gone, `null` when nothing was sealed. */
  readonly personal: JsonObject | 'erased' | null;
  readonly policyVersion: string;
  /** The verdict per purpose right after this event. */
  readonly verdicts: Readonly<Record<string, VerdictBody>>;
}

export interface HistoryAnswer {
  readonly contactId: string;
  readonly at: string;
  readonly knownAt: string;
  readonly position: Position;
  readonly revision: Revision;
  readonly events: readonly HistoryEntry[];
}

/** The events of a contact in the order in which they happened, as known at a moment, with the verdicts after each. */
export class ShowHistoryQuery extends Query<HistoryAnswer> {
  constructor(
    readonly contactId: string,
    readonly at?: Instant,
    readonly knownAt?: Instant,
    /** The language in which it is said that evidence is gone (P8). */
    readonly language: 'nl' | 'en' = 'en',
  ) {
    super();
  }
}

interface ToShow {
  readonly contactId: string;
  readonly event: ContactEvent;
  readonly recorded: RecordedEvent;
  readonly verdicts: HistoryEntry['verdicts'];
  readonly language: 'nl' | 'en';
}

interface Sealed extends Pick<ToShow, 'contactId' | 'event' | 'language'> {
  readonly data: JsonObject;
  readonly sealed: string;
}

@QueryHandler(ShowHistoryQuery)
export class ShowHistoryHandler implements IQueryHandler<ShowHistoryQuery> {
  constructor(
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PERSONAL_DATA) private readonly personalData: PersonalData,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ contactId, at, knownAt, language }: ShowHistoryQuery): Promise<HistoryAnswer> {
    const position = await this.store.head();
    const { recorded, events, revision } = await this.contacts.load(contactId);
    const now = this.clock.now();
    const known = events
      .map((event, index) => ({ event, recorded: recorded[index]! }))
      .filter(({ event }) => event.occurredAt <= (at ?? NEVER) && event.recordedAt <= (knownAt ?? NEVER))
      .sort((a, b) => a.event.occurredAt - b.event.occurredAt || a.recorded.revision - b.recorded.revision);

    let state = unknownContact;
    const entries: HistoryEntry[] = [];
    for (const { event, recorded } of known) {
      state = evolve(state, event);
      const verdicts = this.verdictsAt(event.occurredAt, state, knownAt ?? NEVER);
      entries.push(await this.entry({ contactId, event, recorded, verdicts, language }));
    }
    return {
      contactId,
      at: toRfc3339(at ?? now),
      knownAt: toRfc3339(knownAt ?? now),
      position,
      revision,
      events: entries,
    };
  }

  private async entry({ contactId, event, recorded, verdicts, language }: ToShow): Promise<HistoryEntry> {
    const { sealed, ...data } = recorded.data;
    const { actor, source, policyVersion } = recorded.metadata as unknown as EventMetadata;
    return {
      eventId: event.id,
      type: event.type,
      occurredAt: toRfc3339(event.occurredAt),
      recordedAt: toRfc3339(event.recordedAt),
      actor,
      source,
      data,
      personal: typeof sealed === 'string' ? await this.open({ contactId, event, data, sealed, language }) : null,
      policyVersion,
      verdicts,
    };
  }

  /** A recording that is deleted by now is not pointed to, whatever moment is asked about (P8). */
  private async open({ contactId, event, data, sealed, language }: Sealed): Promise<JsonObject | 'erased'> {
    const place = { streamId: contactStream(contactId), eventId: event.id };
    const opened = await this.personalData.open(contactId, place, sealed);
    if (opened === 'erased') return opened;
    const now = this.clock.now();
    const { timeZone } = policyInForce(this.policies.history(), now, now).calendar;
    return shownEvidence(opened, data, now, { language, timeZone });
  }

  private verdictsAt(at: Instant, state: ContactState, knownAt: Instant): Record<string, VerdictBody> {
    const history = this.policies.history();
    const purposes = policyInForce(history, at, knownAt).purposes.keys();
    return Object.fromEntries(
      [...purposes].map((name) => [name, verdictBody(decideEligibility(state, history, name, at, knownAt))]),
    );
  }
}
