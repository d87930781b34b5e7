import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  createTally,
  eventsKnown,
  foldContact,
  monthsFrom,
  NEVER,
  policiesKnown,
  policyInForce,
  refusalUnder,
  supposing,
  type ContactState,
  type Due,
  type Instant,
  type Month,
  type Outlook,
  type Policy,
  type SendRefusal,
  type SimulationCounts,
} from '@consent-ledger/consent';
import {
  NO_STREAM,
  type EventStore,
  type JsonObject,
  type RecordedEvent,
  type Revision,
} from '@consent-ledger/event-store';
import type { Clock } from '@consent-ledger/platform';
import {
  contactEventOf,
  contactStream,
  deliveryStream,
  type Delivery,
  type ListedPreferences,
  type PolicyShelf,
} from '@consent-ledger/projections';

/** What if this policy were in force from a moment on? */
export interface Supposition {
  readonly policy: Policy;
  /** In place of the moment that the policy itself names. */
  readonly from: Instant;
}

export interface SimulationQuestion {
  /** The moment looked at; now when absent. */
  readonly at?: Instant | undefined;
  /** The moment whose knowledge counts; all that is known when absent (law 3). */
  readonly knownAt?: Instant | undefined;
  /** How many calendar months are looked ahead. */
  readonly months: number;
  readonly supposed?: Supposition | undefined;
}

/** What a simulation found. */
export interface SimulationResult {
  readonly at: Instant;
  readonly knownAt: Instant | undefined;
  /** The policy by which the answers at the moment were given. */
  readonly policy: Policy;
  readonly supposed: Supposition | undefined;
  readonly months: readonly Month[];
  readonly counts: SimulationCounts;
}

export interface SimulationRun {
  /** Stops the run, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called now and then with how many contacts, or messages, are done. */
  readonly onProgress?: (done: number) => void;
  /** Sees all that falls due for each contact. */
  readonly onDue?: (contactId: string, due: Due) => void;
}

/** A message that went out on a yes, and what the other policy would have said to it then. */
export interface JudgedSend {
  readonly deliveryId: string;
  readonly contactId: string;
  readonly purpose: string;
  readonly sentAt: Instant;
  /** Why it would not have gone out; absent where it would. */
  readonly refusal: SendRefusal | undefined;
}

export interface SimulatorDependencies {
  readonly contacts: { page(after: string | undefined, limit: number): readonly ListedPreferences[] };
  readonly deliveries: { sentDeliveries(after: string | undefined, limit: number): readonly Delivery[] };
  readonly policies: PolicyShelf;
  readonly store: EventStore;
  readonly clock: Clock;
}

/** How many contacts or messages are looked at before other work of the process gets its turn. */
const PAGE = 200;

/** Looks ahead over all contacts, under the policies that are or one that is supposed (P5, P6, P7). Records nothing. */
export class Simulator {
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(private readonly needs: SimulatorDependencies) {}

  /** Counts who may be sent what at the moment, and what falls due in each month after it. */
  async run(
    question: SimulationQuestion,
    { signal, onProgress, onDue }: SimulationRun = {},
  ): Promise<SimulationResult> {
    const { knownAt, months, supposed } = question;
    const now = this.needs.clock.now();
    const at = question.at ?? now;
    const published = policiesKnown(this.needs.policies.history(), knownAt ?? NEVER);
    const history = supposed ? supposing(published, supposed.policy, supposed.from) : published;
    const outlook: Outlook = {
      history,
      at,
      months: monthsFrom(history, at, months),
      ...(supposed && { comparedWith: published }),
    };
    const tally = createTally(outlook);
    const readsLog = knownAt !== undefined || at < now;
    for await (const page of this.pages((after) => this.needs.contacts.page(after, PAGE), lastContact, signal)) {
      for (const { contactId, state } of page) {
        const then = readsLog ? await this.stateThen(contactId, at, knownAt ?? NEVER) : state;
        if (then.latest !== undefined) tally.add(then, onDue && ((due) => onDue(contactId, due)));
      }
      onProgress?.(tally.counts.contacts);
    }
    const policy = policyInForce(history, at, NEVER);
    return { at, knownAt, policy, supposed, months: outlook.months, counts: tally.counts };
  }

  /**
   * Judges every message that went out on a yes again, by another policy, at the moment and with the knowledge of the
   * verdict that let it go (law 3). Those after `until` are left out.
   */
  async *judgeSends(
    policy: Policy,
    until: Instant,
    { signal, onProgress }: SimulationRun = {},
  ): AsyncGenerator<JudgedSend, void> {
    let done = 0;
    const page = (after: string | undefined) => this.needs.deliveries.sentDeliveries(after, PAGE);
    for await (const deliveries of this.pages(page, lastDelivery, signal)) {
      for (const delivery of deliveries) {
        const judged = await this.judgeSend(delivery, policy, until);
        if (judged) yield judged;
      }
      onProgress?.((done += deliveries.length));
    }
  }

  private async judgeSend(
    { deliveryId, contactId, purpose, updatedAt: sentAt }: Delivery,
    policy: Policy,
    until: Instant,
  ): Promise<JudgedSend | undefined> {
    if (sentAt > until) return undefined;
    const verdict = await this.verdictOf(deliveryId);
    if (!verdict) return undefined;
    const { at, contactRevision } = verdict;
    const recorded = await this.streamUpTo(contactId, contactRevision);
    const state = foldContact(eventsKnown(recorded.map(contactEventOf), at, NEVER));
    return { deliveryId, contactId, purpose, sentAt, refusal: refusalUnder(policy, state, purpose, at) };
  }

  /** The yes on which a message went out; the mail that asks for a confirmation goes out on none. */
  private async verdictOf(deliveryId: string): Promise<{ at: Instant; contactRevision: Revision } | undefined> {
    const events = await this.needs.store.readStream(deliveryStream(deliveryId));
    const verdict = events.findLast(({ data }) => data['verdict'] !== undefined)?.data['verdict'] as
      JsonObject | undefined;
    if (verdict?.['eligible'] !== true) return undefined;
    return { at: Date.parse(verdict['at'] as string), contactRevision: verdict['contactRevision'] as number };
  }

  private async streamUpTo(contactId: string, revision: Revision): Promise<readonly RecordedEvent[]> {
    if (revision === NO_STREAM) return [];
    return this.needs.store.readStream(contactStream(contactId), { limit: revision + 1 });
  }

  private async stateThen(contactId: string, at: Instant, knownAt: Instant): Promise<ContactState> {
    const recorded = await this.needs.store.readStream(contactStream(contactId));
    return foldContact(eventsKnown(recorded.map(contactEventOf), at, knownAt));
  }

  /** Page after page; other work has its turn between two of them, and so have other simulations. */
  private async *pages<Row>(
    read: (after: string | undefined) => readonly Row[],
    idOf: (row: Row) => string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<readonly Row[], void> {
    let page: readonly Row[];
    let after: string | undefined;
    do {
      await this.turn();
      signal?.throwIfAborted();
      page = read(after);
      const last = page.at(-1);
      after = last && idOf(last);
      yield page;
    } while (page.length === PAGE);
  }

  /** However many simulations run, one page is looked at between two turns of other work. */
  private turn(): Promise<unknown> {
    return (this.lastTurn = this.lastTurn.then(() => nextTurn()));
  }
}

function lastContact({ contactId }: ListedPreferences): string {
  return contactId;
}

function lastDelivery({ deliveryId }: Delivery): string {
  return deliveryId;
}
