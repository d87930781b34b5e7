import type { Instant } from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import type { ReadModels } from '../read-models.js';
import type { DeliveryStatus } from './deliveries.projection.js';

/** A mailing and what became of its deliveries. */
export interface MailingSummary {
  readonly mailingId: string;
  readonly purpose: string;
  readonly template: string;
  readonly language: string;
  readonly recipients: number;
  readonly sent: number;
  /** How many the verdict kept back, by its reason. */
  readonly suppressed: Readonly<Record<string, number>>;
  readonly failed: number;
  /** Requested, started or deferred. */
  readonly pending: number;
  /** Handed over by a process that did not live to hear the answer. */
  readonly unknown: number;
}

/** One message to one contact. Instants are epoch milliseconds. */
export interface Delivery {
  readonly deliveryId: string;
  readonly mailingId: string;
  readonly contactId: string;
  readonly purpose: string;
  readonly status: DeliveryStatus;
  /** Why it was suppressed, or the SMTP code with which it was deferred or failed. */
  readonly reason: string | null;
  /** From when on it is to be tried; `null` when it is not waiting. */
  readonly dueAt: Instant | null;
  readonly attempt: number;
  /** The revision of the delivery's stream. */
  readonly revision: Revision;
  readonly updatedAt: Instant;
}

export interface DueDelivery extends Delivery {
  readonly dueAt: Instant;
}

/** Somebody that messages were meant for. Instants are epoch milliseconds. */
export interface Addressee {
  readonly contactId: string;
  /** How many messages are requested, started or deferred. */
  readonly waiting: number;
  /** When a message was last handed over; `null` when none was. */
  readonly lastSentAt: Instant | null;
  /** When any of them last changed. */
  readonly lastChangedAt: Instant;
}

interface MailingRow {
  readonly purpose: string;
  readonly template: string;
  readonly language: string;
}

interface CountRow {
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly count: number;
}

const COLUMNS = `delivery_id AS deliveryId, mailing_id AS mailingId, contact_id AS contactId, purpose, status, reason,
  due_at AS dueAt, attempt, revision, updated_at AS updatedAt`;

/** Reads what the deliveries projection keeps. The tables must be there: make the projection first. */
export class DeliveriesView {
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ db }: ReadModels) {
    this.#statements = prepare(db);
  }

  /** A mailing with its counts; `undefined` when there is no such mailing. */
  mailing(mailingId: string): MailingSummary | undefined {
    const mailing = this.#statements.mailing.get(mailingId);
    if (!mailing) return undefined;
    const { purpose, template, language } = mailing;
    const counts = this.#statements.counts.all(mailingId);
    return { mailingId, purpose, template, language, ...summarise(counts) };
  }

  /**
   * At most `limit` deliveries that are to be tried at `now` (epoch milliseconds), those that waited longest first.
   * `after` is the last delivery of the page before.
   */
  dueDeliveries(now: Instant, limit: number, after?: Pick<DueDelivery, 'dueAt' | 'deliveryId'>): DueDelivery[] {
    return this.#statements.due.all(now, after?.dueAt ?? Number.MIN_SAFE_INTEGER, after?.deliveryId ?? '', limit);
  }

  /** The first instant at which a delivery is to be tried; `undefined` when none waits. */
  nextDueAt(): Instant | undefined {
    return this.#statements.nextDueAt.get() ?? undefined;
  }

  /** The deliveries that were handed over and not heard of since: after a crash their outcome is unknown. */
  startedDeliveries(): Delivery[] {
    return this.#statements.started.all();
  }

  /** At most `limit` deliveries that were sent, in the order of their ids, after the one named. */
  sentDeliveries(after: string | undefined, limit: number): Delivery[] {
    return this.#statements.sent.all(after ?? '', limit);
  }

  /** Every delivery to a contact, the one that changed last first. */
  deliveriesOf(contactId: string): Delivery[] {
    return this.#statements.ofContact.all(contactId);
  }

  /** At most `limit` people that messages were meant for, in the order of their contact ids, after the one named. */
  addressees(after: string | undefined, limit: number): Addressee[] {
    return this.#statements.addressees.all(after ?? '', limit);
  }

  /** One delivery; `undefined` when it was never requested. */
  delivery(deliveryId: string): Delivery | undefined {
    return this.#statements.one.get(deliveryId);
  }
}

function prepare(db: ReadModels['db']) {
  return {
    mailing: db.prepare<[string], MailingRow>('SELECT purpose, template, language FROM mailings WHERE mailing_id = ?'),
    counts: db.prepare<[string], CountRow>(`SELECT status, reason, count(*) AS count FROM deliveries
      WHERE mailing_id = ? GROUP BY status, reason ORDER BY status, reason`),
    due: db.prepare<[Instant, Instant, string, number], DueDelivery>(`SELECT ${COLUMNS} FROM deliveries
      WHERE due_at <= ? AND (due_at, delivery_id) > (?, ?) ORDER BY due_at, delivery_id LIMIT ?`),
    nextDueAt: db.prepare<[], Instant | null>('SELECT min(due_at) FROM deliveries WHERE due_at IS NOT NULL').pluck(),
    started: db.prepare<[], Delivery>(
      `SELECT ${COLUMNS} FROM deliveries WHERE status = 'started' ORDER BY updated_at, delivery_id`,
    ),
    sent: db.prepare<[string, number], Delivery>(
      `SELECT ${COLUMNS} FROM deliveries WHERE status = 'sent' AND delivery_id > ? ORDER BY delivery_id LIMIT ?`,
    ),
    ofContact: db.prepare<[string], Delivery>(
      `SELECT ${COLUMNS} FROM deliveries WHERE contact_id = ? ORDER BY updated_at DESC, delivery_id`,
    ),
    addressees: db.prepare<[string, number], Addressee>(`SELECT contact_id AS contactId,
        sum(status IN ('requested', 'started', 'deferred')) AS waiting,
        max(CASE WHEN status IN ('sent', 'unknown') THEN updated_at END) AS lastSentAt, max(updated_at) AS lastChangedAt
      FROM deliveries WHERE contact_id > ? GROUP BY contact_id ORDER BY contact_id LIMIT ?`),
    one: db.prepare<[string], Delivery>(`SELECT ${COLUMNS} FROM deliveries WHERE delivery_id = ?`),
  };
}

function summarise(rows: readonly CountRow[]): Omit<MailingSummary, 'mailingId' | keyof MailingRow> {
  const count = (...statuses: DeliveryStatus[]) =>
    rows.reduce((sum, row) => (statuses.includes(row.status) ? sum + row.count : sum), 0);
  return {
    recipients: rows.reduce((sum, row) => sum + row.count, 0),
    sent: count('sent'),
    suppressed: Object.fromEntries(
      rows.filter(({ status }) => status === 'suppressed').map((row) => [row.reason ?? 'UNKNOWN', row.count]),
    ),
    failed: count('failed'),
    pending: count('requested', 'started', 'deferred'),
    unknown: count('unknown'),
  };
}
