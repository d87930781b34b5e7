import type { Instant } from '@consent-ledger/consent';
import { NO_STREAM, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { MissingEvents, type Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { occurredAtOf } from '../recorded-instants.js';
import { mailEventOf, type MailEvent } from './delivery-events.js';

/** Where a delivery stands. */
export type DeliveryStatus = 'requested' | 'started' | 'sent' | 'suppressed' | 'deferred' | 'failed' | 'unknown';

/** What an event changes in a delivery's row. */
interface Change {
  readonly status: DeliveryStatus;
  readonly reason?: string | undefined;
  /** From when on the delivery is to be tried. */
  readonly dueAt?: Instant;
  /** Kept as it was when the event does not say. */
  readonly attempt?: number;
}

const tables = {
  mailings: `CREATE TABLE IF NOT EXISTS mailings (
    mailing_id TEXT PRIMARY KEY, purpose TEXT NOT NULL, template TEXT NOT NULL, language TEXT NOT NULL,
    created_at INTEGER NOT NULL, revision INTEGER NOT NULL
  ) WITHOUT ROWID`,
  deliveries: `CREATE TABLE IF NOT EXISTS deliveries (
    delivery_id TEXT PRIMARY KEY, mailing_id TEXT NOT NULL, contact_id TEXT NOT NULL, purpose TEXT NOT NULL,
    status TEXT NOT NULL, reason TEXT, due_at INTEGER, attempt INTEGER NOT NULL, revision INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS deliveries_by_mailing ON deliveries (mailing_id, status, reason);
  CREATE INDEX IF NOT EXISTS deliveries_by_contact ON deliveries (contact_id);
  CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at, delivery_id) WHERE due_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS deliveries_started ON deliveries (updated_at) WHERE status = 'started'`,
};

/** Who waits for deliveries. It is told before anything can read them as they are now. */
export interface DeliveriesListener {
  /** A delivery or a mailing has new events. */
  changed(): void;
}

/** Mailings and the deliveries of each: what is due, what became of it, and how many. */
export class DeliveriesProjection implements Projection {
  readonly name = 'deliveries';
  readonly version = 2;
  readonly #listener: DeliveriesListener | undefined;
  readonly #clear: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(readModels: ReadModels, listener?: DeliveriesListener) {
    this.#listener = listener;
    const { db } = readModels;
    readModels.createTables(this.name, this.version, tables);
    this.#clear = () => db.exec('DELETE FROM deliveries; DELETE FROM mailings');
    this.#statements = prepare(db);
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      const event = mailEventOf(recorded);
      if (!event || !this.#follows(event, recorded)) continue;
      this.#apply(event, recorded.revision, occurredAtOf(recorded));
      this.#listener?.changed();
    }
  }

  clear(): void {
    this.#clear();
  }

  /** Whether an event is the next of its stream; one that was handled before is not. Throws `MissingEvents` over a hole. */
  #follows({ kind, id }: MailEvent, { revision, position }: RecordedEvent): boolean {
    const { mailingRevision, deliveryRevision } = this.#statements;
    const stored = (kind === 'mailing' ? mailingRevision : deliveryRevision).get(id) ?? NO_STREAM;
    if (revision > stored + 1) throw new MissingEvents(position);
    return revision > stored;
  }

  #apply(event: MailEvent, revision: Revision, occurredAt: Instant): void {
    const { createMailing, request, change } = this.#statements;
    switch (event.type) {
      case 'MailingCreated': {
        const { purpose, template, language } = event.data;
        createMailing.run(event.id, purpose, template, language, occurredAt, revision);
        return;
      }
      case 'DeliveryRequested': {
        const { mailingId, contactId, purpose } = event.data;
        request.run(event.id, mailingId, contactId, purpose, occurredAt, revision, occurredAt);
        return;
      }
      default: {
        const { status, reason, dueAt, attempt } = changeBy(event);
        change.run(status, reason ?? null, dueAt ?? null, attempt ?? null, revision, occurredAt, event.id);
      }
    }
  }
}

type Outcome = Exclude<MailEvent, { type: 'MailingCreated' | 'DeliveryRequested' }>;

function changeBy(event: Outcome): Change {
  switch (event.type) {
    case 'DeliveryStarted':
      return { status: 'started', attempt: event.data.attempt };
    case 'MailSent':
      return { status: 'sent' };
    case 'DeliverySuppressed':
      return { status: 'suppressed', reason: event.data.reason };
    case 'DeliveryDeferred': {
      const { attempt, retryAt, code } = event.data;
      return { status: 'deferred', reason: code, dueAt: readInstant(retryAt), attempt };
    }
    case 'DeliveryFailed':
      return { status: 'failed', reason: event.data.code };
    case 'DeliveryOutcomeUnknown':
      return { status: 'unknown' };
    default:
      return unreadable(event);
  }
}

/** A delivery that is due at no instant would never be tried again. */
function readInstant(text: string): Instant {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new TypeError('A deferred delivery has no RFC 3339 instant to be tried again.');
  return instant;
}

function prepare(db: ReadModels['db']) {
  return {
    mailingRevision: db.prepare<[string], Revision>('SELECT revision FROM mailings WHERE mailing_id = ?').pluck(),
    deliveryRevision: db.prepare<[string], Revision>('SELECT revision FROM deliveries WHERE delivery_id = ?').pluck(),
    createMailing: db.prepare('INSERT INTO mailings VALUES (?, ?, ?, ?, ?, ?)'),
    request: db.prepare("INSERT INTO deliveries VALUES (?, ?, ?, ?, 'requested', NULL, ?, 0, ?, ?)"),
    change: db.prepare(`UPDATE deliveries SET status = ?, reason = ?, due_at = ?, attempt = coalesce(?, attempt),
      revision = ?, updated_at = ? WHERE delivery_id = ?`),
  };
}

function unreadable(event: never): never {
  throw new TypeError(`Unknown event of a mailing or delivery: ${JSON.stringify((event as { type?: unknown }).type)}`);
}
