import { openLog } from '@consent-ledger/application';
import { decideEligibility, foldContact, type PolicyHistory } from '@consent-ledger/consent';
import { START, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import { readConfiguration } from '@consent-ledger/platform';
import {
  contactEventOf,
  contactStream,
  createPolicyShelf,
  isPolicyStream,
  publishedDocumentOf,
} from '@consent-ledger/projections';
import type { Asked } from './prober.js';

/** What a service said that it had recorded, and when. */
export interface Acknowledged {
  readonly at: number;
  readonly contactId: string;
  readonly position: Position;
  readonly recorded: readonly { readonly eventId: string; readonly type: string }[];
}

/** For how long an answer of the projection may leave out what was recorded, in milliseconds (P4). */
const LONGEST_UNHEARD = 10_000;

/** The whole log, read past every process, to hold against it what they said. */
export class ReplayedLog {
  private readonly streams: ReadonlyMap<string, readonly RecordedEvent[]>;
  private readonly policies: PolicyHistory;

  private constructor(readonly events: readonly RecordedEvent[]) {
    this.streams = grouped(events, ({ streamId }) => streamId);
    const published = events.filter(({ streamId }) => isPolicyStream(streamId));
    this.policies = createPolicyShelf(published.map(publishedDocumentOf)).history();
  }

  /** The log that the settings name. */
  static async read(environment: Readonly<Record<string, string>>): Promise<ReplayedLog> {
    const store = await openLog(readConfiguration(environment));
    const events = await store.readAll(START, 1_000_000);
    await store.close();
    return new ReplayedLog(events);
  }

  eventsOf(contactId: string): readonly RecordedEvent[] {
    return this.streams.get(contactStream(contactId)) ?? [];
  }

  /** What was acknowledged and is not there, or is there more than once, or in the stream of somebody else. */
  lost(acknowledged: readonly Acknowledged[]): unknown[] {
    return acknowledged.flatMap(({ contactId, recorded }) =>
      recorded.filter(({ eventId }) => this.eventsOf(contactId).filter(({ id }) => id === eventId).length !== 1),
    );
  }

  /** The streams whose revisions have a gap, or that hold an event twice. */
  broken(): string[] {
    const isBroken = (events: readonly RecordedEvent[]) =>
      events.some(({ revision }, at) => revision !== at) || new Set(events.map(({ id }) => id)).size !== events.length;
    return [...this.streams].flatMap(([streamId, events]) => (isBroken(events) ? [streamId] : []));
  }

  /** The answers that the log does not bear out at the position that they name. */
  unsupported(answers: readonly Asked[]): Asked[] {
    return answers.filter((asked) => !this.knowledgeOf(asked).some((position) => this.bears(asked, position)));
  }

  /** The answers that leave out what had been acknowledged before the question, for longer than is promised. */
  outdated(answers: readonly Asked[], acknowledged: readonly Acknowledged[]): Asked[] {
    return answers.filter(({ askedAt, contactId, position, consistency }) => {
      const grace = consistency === 'strong' ? 0 : LONGEST_UNHEARD;
      return acknowledged.some(
        (told) => told.contactId === contactId && told.position > position && told.at < askedAt - grace,
      );
    });
  }

  /** An answer of the log itself names where the log ended when it was asked, and may know what came until it was given. */
  private knowledgeOf({ contactId, consistency, position, answeredAt }: Asked): Position[] {
    if (consistency === 'projected') return [position];
    const later = this.eventsOf(contactId).filter((event) => event.position > position);
    const known = later.filter((event) => contactEventOf(event).recordedAt <= answeredAt);
    return [position, ...known.map((event) => event.position)];
  }

  private bears({ contactId, purpose, at, eligible, reason }: Asked, position: Position): boolean {
    const events = this.eventsOf(contactId).filter((event) => event.position <= position);
    const verdict = decideEligibility(foldContact(events.map(contactEventOf)), this.policies, purpose, at);
    return verdict.eligible === eligible && verdict.reason === reason;
  }
}

/** What has the same key, together and in its order. */
export function grouped<T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const group = groups.get(keyOf(one));
    if (group) group.push(one);
    else groups.set(keyOf(one), [one]);
  }
  return groups;
}
