import {
  foldContact,
  foldRequest,
  policyInForce,
  policyVersionOf,
  standingErasure,
  type Actor,
  type EventMetadata,
  type Instant,
  type NewRequestEvent,
  type Policy,
  type RequestDecision,
  type RequestState,
  type SourceKind,
} from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type Position,
  type RecordedEvent,
  type Revision,
} from '@consent-ledger/event-store';
import { newId, Problem, toRfc3339, type Clock, type Metrics } from '@consent-ledger/platform';
import type { PersonalData } from '@consent-ledger/privacy';
import {
  contactEventOf,
  contactStream,
  requestEventOf,
  requestStream,
  type PolicyShelf,
} from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, EVENT_STORE, METRICS, PERSONAL_DATA, POLICIES } from '../ports.js';

/** Somebody's act on a request of a data subject. */
export interface RequestAct {
  readonly requestId: string;
  readonly actor: Actor;
  readonly source: { readonly kind: SourceKind };
  readonly correlationId: string;
  /** The caller's `If-Match`: the revision that the request must be at. */
  readonly expectedRevision?: Revision;
}

/** What an act on a request answers: where the request is now, and the events that were appended. */
export interface RequestRecorded {
  readonly requestId: string;
  readonly contactId: string;
  /** When an answer is due, RFC 3339. */
  readonly answerBy: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly recorded: readonly { readonly eventId: string; readonly type: string }[];
}

/** A request as it stands in the log. */
export interface DataSubjectRequest {
  readonly requestId: string;
  readonly state: RequestState;
  readonly revision: Revision;
  readonly recorded: readonly RecordedEvent[];
}

/** What a decision about a request may look at. */
export interface RequestContext {
  readonly state: RequestState;
  /** The policy by which it is answered: the one in force when it was received. */
  readonly policy: Policy;
  readonly at: Instant;
}

const ATTEMPTS = 8;

/** Keeps each request of a data subject in a stream of its own; texts are sealed under the key of the contact (P9). */
@Injectable()
export class RequestRepository {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PERSONAL_DATA) private readonly personalData: PersonalData,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Pick<Metrics, 'appended'>,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
  ) {}

  /** Throws the problem `NOT_FOUND`. */
  async load(requestId: string): Promise<DataSubjectRequest> {
    const found = await this.find(requestId);
    if (found) return found;
    throw new Problem('NOT_FOUND', 'There is no request with this id. See GET /v1/requests.');
  }

  /** The request of an act, at the revision that its `If-Match` names. Throws `NOT_FOUND` or `PRECONDITION_FAILED`. */
  async loadFor({ requestId, expectedRevision }: RequestAct): Promise<DataSubjectRequest> {
    const request = await this.load(requestId);
    if (expectedRevision === undefined || expectedRevision === request.revision) return request;
    throw changedRequest(request.revision);
  }

  async find(requestId: string): Promise<DataSubjectRequest | undefined> {
    const recorded = await this.store.readStream(requestStream(requestId));
    const state = foldRequest(recorded.map(requestEventOf));
    return state && { requestId, state, revision: recorded.at(-1)!.revision, recorded };
  }

  /** The policy in force when a request is, or was, received. */
  policyAt(receivedAt: Instant): Policy {
    return policyInForce(this.policies.history(), receivedAt, this.clock.now());
  }

  /** Opens a request with its first event; `undefined` when there is one with this id already. */
  async open(
    act: RequestAct,
    decision: RequestDecision,
    { contactId, receivedAt, personal }: { contactId: string; receivedAt: Instant; personal: JsonObject },
  ): Promise<RequestRecorded | undefined> {
    const policy = this.policyAt(receivedAt);
    const parts = { act, contactId, policy, occurredAt: receivedAt, personal };
    const events = await Promise.all(eventsIn(decision).map((event) => this.seal(event, parts)));
    return this.tryAppend({ requestId: act.requestId, contactId, answerBy: '' }, NO_STREAM, events);
  }

  /**
   * Appends what `decide` says of a request at the revision it looked at; decides again when another append came first.
   * Throws the problem `NOT_FOUND`, `PRECONDITION_FAILED`, `CONFLICT`, or the one by which the decision refuses.
   */
  async record(
    act: RequestAct,
    decide: (context: RequestContext) => RequestDecision,
    personal: JsonObject = {},
  ): Promise<RequestRecorded> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { state, revision, recorded } = await this.loadFor(act);
      const at = this.clock.now();
      const policy = this.policyAt(state.receivedAt);
      const decided = eventsIn(decide({ state, policy, at }));
      const { contactId, answerBy } = state;
      const { requestId } = act;
      if (decided.length === 0) return nothingRecorded({ requestId, state, revision, recorded });
      const kept = (await this.maySeal(state)) ? personal : {};
      const parts = { act, contactId, policy, occurredAt: at, personal: kept };
      const events = await Promise.all(decided.map((event) => this.seal(event, parts)));
      const appended = await this.tryAppend({ requestId, contactId, answerBy: toRfc3339(answerBy) }, revision, events);
      if (appended) return appended;
    }
    throw new Problem('CONFLICT', 'Others keep writing to this request. Send it again.');
  }

  /** What was sealed beside an event of a request; `erased` once the contact's key is gone, `null` where nothing was. */
  async openSealed({ state }: DataSubjectRequest, event: RecordedEvent): Promise<JsonObject | 'erased' | null> {
    const { sealed } = event.data;
    if (typeof sealed !== 'string') return null;
    return this.personalData.open(state.contactId, { streamId: event.streamId, eventId: event.id }, sealed);
  }

  /** Sealing something for a contact whose data was erased since the request came would give it a new key. */
  private async maySeal({ contactId, receivedAt }: RequestState): Promise<boolean> {
    const events = await this.store.readStream(contactStream(contactId));
    const erased = standingErasure(foldContact(events.map(contactEventOf)));
    return erased === undefined || erased.at < receivedAt;
  }

  private async seal(event: NewRequestEvent, parts: Parts): Promise<NewEvent> {
    const { act, contactId, personal } = parts;
    const id = newId();
    const place = { streamId: requestStream(act.requestId), eventId: id };
    const isEmpty = Object.keys(personal).length === 0;
    const sealed = isEmpty ? undefined : await this.personalData.seal(contactId, place, personal);
    const data = { ...(event.data as unknown as JsonObject), ...(sealed !== undefined && { sealed }) };
    return { id, type: event.type, data, metadata: this.metadataOf(parts) as unknown as JsonObject };
  }

  private metadataOf({ act, policy, occurredAt }: Parts): EventMetadata {
    return {
      occurredAt: toRfc3339(occurredAt),
      recordedAt: toRfc3339(this.clock.now()),
      actor: act.actor,
      source: { kind: act.source.kind },
      correlationId: act.correlationId,
      schemaVersion: 1,
      policyVersion: policyVersionOf(policy),
    };
  }

  private async tryAppend(
    request: Pick<RequestRecorded, 'requestId' | 'contactId' | 'answerBy'>,
    revision: Revision,
    events: readonly NewEvent[],
  ): Promise<RequestRecorded | undefined> {
    try {
      const appended = await this.store.append(requestStream(request.requestId), revision, events);
      for (const { type } of events) this.metrics.appended(type);
      const moved = events.map(({ data }) => data['answerBy']).find((answerBy) => typeof answerBy === 'string');
      const recorded = events.map(({ id, type }) => ({ eventId: id, type }));
      return { ...request, ...(moved !== undefined && { answerBy: moved }), ...appended, recorded };
    } catch (error) {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    }
  }
}

interface Parts {
  readonly act: RequestAct;
  readonly contactId: string;
  readonly policy: Policy;
  readonly occurredAt: Instant;
  /** What is sealed beside each event. */
  readonly personal: JsonObject;
}

/** The answer to an act that changed nothing. */
export function nothingRecorded({ requestId, state, revision, recorded }: DataSubjectRequest): RequestRecorded {
  const { contactId } = state;
  const { position } = recorded.at(-1)!;
  return { requestId, contactId, answerBy: toRfc3339(state.answerBy), revision, position, recorded: [] };
}

/** The events that a decision says to append. Throws the problem by which it refuses. */
export function eventsIn(decision: RequestDecision): readonly NewRequestEvent[] {
  if ('events' in decision) return decision.events;
  const { code, detail } = decision.refused;
  throw new Problem(code, detail);
}

function changedRequest(revision: Revision): Problem {
  return new Problem(
    'PRECONDITION_FAILED',
    `The request is not at the revision of If-Match: its ETag is "${revision}". Look at it again.`,
  );
}
