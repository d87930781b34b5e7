import type { ContactState, Instant, PolicyHistory } from '@consent-ledger/consent';
import type { Batch, EventStore, Position } from '@consent-ledger/event-store';
import type { Clock, Logger } from '@consent-ledger/platform';
import { contactOfStream, isPolicyStream, recordedAtOf } from '@consent-ledger/projections';
import { structuredHeaders, type CloudEvent } from '../contracts/cloud-event.js';
import { consentEventOf } from '../contracts/consent-event.js';
import { mailOutcomeOf, type DeliveryNames } from '../contracts/mail-outcome.js';
import { preferencesOf } from '../contracts/preferences-message.js';
import type { Topics } from '../contracts/topics.js';
import type { MessageBroker, OutgoingMessage, TopicMessages, Turn } from '../message-broker.js';
import { Arrivals } from './arrivals.js';
import { resumeFrom, writeNote, type RelayNote } from './relay-note.js';
import { TurningPoints } from './turning-points.js';

/** The states of all contacts, as far as this process knows the log. */
export interface KnownContacts {
  /** The position up to which the log is in what `find` answers. */
  readonly position: Position;
  /** The id of the event there; `undefined` before the first. */
  readonly eventId: string | undefined;
  /** Resolves once it knows the log up to `position`; rejects when that takes too long. */
  reach(position: Position): Promise<void>;
  find(contactId: string): ContactState | undefined;
  /** At most `limit` contacts in the order of their ids, after the one named. */
  page(
    after: string | undefined,
    limit: number,
  ): readonly { readonly contactId: string; readonly state: ContactState }[];
}

export interface RelayOptions {
  readonly broker: MessageBroker;
  readonly topics: Topics;
  /** By which the broker knows the relays of this log. */
  readonly name: string;
  readonly store: Pick<EventStore, 'subscribe' | 'readAt' | 'readAll' | 'head'>;
  readonly contacts: KnownContacts;
  /** For whom a delivery is, as far as the contacts are known too. */
  readonly findDelivery: (deliveryId: string) => DeliveryNames | undefined;
  readonly policies: { history(): PolicyHistory };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** `standby` while another process relays, or none can because the broker is away. */
export type RelayRole = 'relaying' | 'standby';

/** How many events go out in one transaction, and how many contacts are looked at in one step. */
const BATCH = 1_000;
/** Milliseconds between two looks at every contact for what time alone will change; each looks ahead twice as far. */
const SWEEP_EVERY = 6 * 3_600_000;
/** How long a relay that has nothing to do sleeps before it looks at the time again. */
const LONGEST_WAIT_MS = 1_000;
/** Milliseconds that what was published last may be ahead of the clock; what is more was decided by a clock that was wrong. */
const MOST_AHEAD_MS = 300_000;
/** After how many events of which nothing is published the place is noted all the same. */
const MOST_UNNOTED = 10_000;

/**
 * Publishes every fact of every contact, what became of each mail, and each contact's verdicts whenever a fact, a policy or time alone changes them:
 * at least once, in the order of the log per contact. Of several relays of one log one publishes at a time.
 */
export class Relay {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private current: RelayRole = 'standby';
  private reached: Position | undefined;

  constructor(private readonly options: RelayOptions) {}

  get role(): RelayRole {
    return this.current;
  }

  /**
   * For how many milliseconds the oldest event waits that this process has not relayed; 0 while another is to relay. While
   * the broker is away nobody does: whoever relayed before tells how long that has been.
   */
  async behindMs(): Promise<number> {
    const { store, clock, broker } = this.options;
    const isAnothers = this.current === 'standby' && broker.state() === 'connected';
    if (isAnothers || this.reached === undefined) return 0;
    const [waiting] = await store.readAll(this.reached, 1);
    return waiting ? Math.max(0, clock.now() - recordedAtOf(waiting)) : 0;
  }

  start(): void {
    const { broker, topics, name } = this.options;
    this.running = broker.takeTurns(
      { topic: topics.relay, id: name },
      (turn) => this.relay(turn),
      this.stopping.signal,
    );
  }

  /** Finishes nothing: what was not published yet is published by the next. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * What the topic says of people whom this log does not know would stand for ever, a yes too (P11): who opted in after the
   * backup that a log was restored from. The old note is kept until that is done.
   */
  private async withdrawUnknown(turn: Turn): Promise<void> {
    const { broker, topics, name, contacts, store } = this.options;
    await contacts.reach(await store.head());
    const isWanted = (contactId: string) => contacts.find(contactId) === undefined;
    const wanted = { group: `${name}.restored`, topic: topics.preferences, isWanted };
    const tombstones = (await broker.keysOf(wanted, turn.signal)).map((key) => ({ key, value: null }));
    for (let from = 0; from < tombstones.length; from += BATCH) {
      const messages = tombstones.slice(from, from + BATCH);
      await turn.publish([{ topic: topics.preferences, messages }], turn.note!);
    }
  }

  private async relay(turn: Turn): Promise<void> {
    const { logger, store, clock, policies, contacts } = this.options;
    try {
      const beginning = { settledAt: clock.now(), policies: policies.history().length };
      const { note, isOfAnotherLog } = await resumeFrom(turn.note, store, beginning);
      if (isOfAnotherLog) {
        logger.warn('The log is not the one that was relayed before: it is relayed from its beginning');
        await this.withdrawUnknown(turn);
      }
      await contacts.reach(note.known);
      const run = new Run(this.options, turn, note, (position) => void (this.reached = position));
      this.current = 'relaying';
      logger.info('Relaying the log', { position: note.position });
      await run.go();
    } catch (error) {
      if (!turn.signal.aborted) logger.warn('The relay was interrupted, and is tried again', { error });
      throw error;
    } finally {
      this.current = 'standby';
    }
  }
}

/** A look at every contact: at those whose verdicts time has changed since, or at all of them after a change of policy. */
interface Sweep {
  readonly of: 'what time changed' | 'everyone';
  readonly since: Instant;
  readonly policies: number;
  after: string | undefined;
}

/** What one turn does. */
class Run {
  private readonly arrivals: Arrivals;
  private readonly turningPoints = new TurningPoints();
  private sweep: Sweep | undefined;
  private sweptAt = Number.NEGATIVE_INFINITY;
  private latest: Instant;
  private unnoted = 0;

  constructor(
    private readonly options: RelayOptions,
    private readonly turn: Turn,
    private note: RelayNote,
    private readonly onReached: (position: Position) => void,
  ) {
    const { store, policies } = options;
    this.arrivals = new Arrivals(store.subscribe(note.position, { signal: turn.signal, batchSize: BATCH }));
    this.latest = Math.max(note.settledAt, note.decidedAt);
    this.beginSweep(note.policies === policies.history().length ? 'what time changed' : 'everyone');
    onReached(note.position);
  }

  async go(): Promise<void> {
    const { signal } = this.turn;
    while (!signal.aborted) {
      this.followClockBack();
      const batch = this.arrivals.take();
      if (batch) await this.relayBatch(batch);
      await this.publishDue();
      if (this.sweep) await this.sweepOn(this.sweep);
      else if (!batch) await this.arrivals.wait(LONGEST_WAIT_MS, signal);
    }
  }

  private async relayBatch({ events }: Batch): Promise<void> {
    const last = events.at(-1);
    if (!last) return;
    const facts: OutgoingMessage[] = [];
    const touched = new Set<string>();
    for (const recorded of events) {
      const contactId = contactOfStream(recorded.streamId);
      if (contactId === undefined) continue;
      touched.add(contactId);
      facts.push(messageOf(contactId, consentEventOf(recorded, contactId)));
    }
    const { contacts, topics, findDelivery } = this.options;
    await contacts.reach(last.position);
    const outcomes = events.flatMap((recorded) => mailOutcomeOf(recorded, findDelivery) ?? []);
    const place = { position: last.position, eventId: last.id };
    const batches = [
      { topic: topics.events, messages: facts },
      { topic: topics.mailOutcomes, messages: outcomes },
    ];
    if (facts.length + outcomes.length > 0) await this.publish(batches, touched, place);
    else if ((this.unnoted += events.length) > MOST_UNNOTED) await this.publish([], [], place);
    this.onReached(last.position);
    if (events.some(({ streamId }) => isPolicyStream(streamId))) this.beginSweep('everyone');
  }

  /** What changed by time alone. While a sweep goes on, what was due before it is not settled until it is done. */
  private async publishDue(): Promise<void> {
    const now = this.now();
    const due = this.turningPoints.takeDue(now);
    for (let from = 0; from < due.length; from += BATCH) await this.publish([], due.slice(from, from + BATCH));
    if (this.sweep) return;
    // Before anything counts as settled: a process that was stopped for a day has not looked so far ahead.
    if (now >= this.sweptAt + SWEEP_EVERY) return this.beginSweep('what time changed');
    this.note = { ...this.note, settledAt: Math.max(this.note.settledAt, now - 1_000) };
  }

  private beginSweep(of: Sweep['of']): void {
    this.sweptAt = this.now();
    const policies = this.options.policies.history().length;
    this.sweep = { of, since: this.note.settledAt, policies, after: undefined };
  }

  private async sweepOn(sweep: Sweep): Promise<void> {
    const { contacts, policies } = this.options;
    const page = contacts.page(sweep.after, BATCH);
    const [history, now] = [policies.history(), this.now()];
    const changed = page.filter(({ contactId, state }) => {
      if (sweep.of === 'everyone') return true;
      const place = { at: sweep.since, position: contacts.position };
      const { validUntil } = preferencesOf(contactId, state, history, place);
      this.noteTurningPoint(contactId, validUntil);
      return validUntil !== undefined && validUntil <= now;
    });
    if (changed.length > 0)
      await this.publish(
        [],
        changed.map(({ contactId }) => contactId),
      );
    sweep.after = page.at(-1)?.contactId;
    if (page.length === BATCH || this.sweep !== sweep) return;
    this.sweep = undefined;
    if (sweep.of === 'everyone') this.note = { ...this.note, policies: sweep.policies };
    if (changed.length > 0 || sweep.of === 'everyone') await this.publish([], []);
  }

  /** Publishes messages, and the verdicts of these contacts as they are known now, with the note of how far that is. */
  private async publish(
    batches: readonly TopicMessages[],
    contactIds: Iterable<string>,
    place: Partial<RelayNote> = {},
  ): Promise<void> {
    const { topics, contacts } = this.options;
    const { position: known, eventId: knownId } = contacts;
    const verdicts = this.verdictsOf(contactIds, known);
    const note = { ...this.note, ...place, known, knownId, decidedAt: this.latest };
    await this.turn.publish([...batches, { topic: topics.preferences, messages: verdicts }], writeNote(note));
    this.note = note;
    if (place.position !== undefined) this.unnoted = 0;
  }

  private verdictsOf(contactIds: Iterable<string>, position: Position): OutgoingMessage[] {
    const { contacts, policies } = this.options;
    const history = policies.history();
    const at = this.now();
    const messages: OutgoingMessage[] = [];
    for (const contactId of contactIds) {
      const state = contacts.find(contactId);
      if (!state) continue;
      const { message, validUntil } = preferencesOf(contactId, state, history, { at, position });
      messages.push(message ? messageOf(contactId, message) : { key: contactId, value: null });
      this.noteTurningPoint(contactId, validUntil);
    }
    return messages;
  }

  private noteTurningPoint(contactId: string, at: Instant | undefined): void {
    if (at !== undefined && at < this.sweptAt + 2 * SWEEP_EVERY) this.turningPoints.add(contactId, at);
  }

  /** Verdicts of a year from now would stand for a year: where the clock that decided them was wrong, all are published anew. */
  private followClockBack(): void {
    const { clock, logger } = this.options;
    const now = clock.now();
    if (this.latest <= now + MOST_AHEAD_MS) return;
    logger.warn('What was published last was decided by a clock that was ahead: all verdicts are published anew');
    this.latest = now;
    this.note = { ...this.note, settledAt: now };
    this.beginSweep('everyone');
  }

  /** Never before what was published by another process, whose clock may be a little ahead. */
  private now(): Instant {
    this.latest = Math.max(this.latest, this.options.clock.now());
    return this.latest;
  }
}

function messageOf(key: string, message: CloudEvent<unknown>): OutgoingMessage {
  return { key, value: JSON.stringify(message), headers: structuredHeaders };
}
