import type { RequestEvent } from '@consent-ledger/consent';
import { NO_STREAM, type RecordedEvent, type Revision } from '@consent-ledger/event-store';
import { MissingEvents, type Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { requestEventOf, requestOfStream } from './request-events.js';

const tables = {
  requests: `CREATE TABLE IF NOT EXISTS requests (
    request_id TEXT PRIMARY KEY, contact_id TEXT NOT NULL, kind TEXT NOT NULL, received_at INTEGER NOT NULL,
    answer_by INTEGER NOT NULL, identity_checked INTEGER NOT NULL, extended INTEGER NOT NULL, disclosures INTEGER NOT NULL,
    outcome TEXT, ground TEXT, answered_at INTEGER, revision INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS requests_open ON requests (answer_by, request_id) WHERE outcome IS NULL;
  CREATE INDEX IF NOT EXISTS requests_answered ON requests (answered_at, request_id) WHERE outcome IS NOT NULL;
  CREATE INDEX IF NOT EXISTS requests_by_contact ON requests (contact_id, received_at)`,
};

/** Requests of data subjects (P9): what is asked, when an answer is due, and what it was. No text of a person is here. */
export class RequestsProjection implements Projection {
  readonly name = 'requests';
  readonly version = 1;
  readonly #clear: () => void;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(readModels: ReadModels) {
    const { db } = readModels;
    readModels.createTables(this.name, this.version, tables);
    this.#clear = () => db.exec('DELETE FROM requests');
    this.#statements = prepare(db);
  }

  handle(events: readonly RecordedEvent[]): void {
    for (const recorded of events) {
      const requestId = requestOfStream(recorded.streamId);
      if (requestId === undefined) continue;
      const stored = this.#statements.revision.get(requestId) ?? NO_STREAM;
      if (recorded.revision > stored + 1) throw new MissingEvents(recorded.position);
      if (recorded.revision > stored) this.#apply(requestId, requestEventOf(recorded), recorded.revision);
    }
  }

  clear(): void {
    this.#clear();
  }

  #apply(requestId: string, event: RequestEvent, revision: Revision): void {
    const { receive, checkIdentity, extend, disclose, answer } = this.#statements;
    switch (event.type) {
      case 'RequestReceived': {
        const { contactId, kind, answerBy } = event.data;
        receive.run(requestId, contactId, kind, event.occurredAt, readInstant(answerBy), revision);
        return;
      }
      case 'IdentityChecked':
        return void checkIdentity.run(revision, requestId);
      case 'RequestExtended':
        return void extend.run(readInstant(event.data.answerBy), revision, requestId);
      case 'PersonalDataDisclosed':
        return void disclose.run(revision, requestId);
      case 'RequestFulfilled':
        return void answer.run('fulfilled', null, event.occurredAt, revision, requestId);
      case 'RequestRefused':
        return void answer.run('refused', event.data.ground, event.occurredAt, revision, requestId);
      default:
        return unreadable(event);
    }
  }
}

/** A request without an instant to be answered by would be overdue for ever, or never. */
function readInstant(text: string): number {
  const instant = Date.parse(text);
  if (Number.isNaN(instant)) throw new TypeError('A request has no RFC 3339 instant to be answered by.');
  return instant;
}

function prepare(db: ReadModels['db']) {
  const change = (assignments: string) =>
    db.prepare(`UPDATE requests SET ${assignments}, revision = ? WHERE request_id = ?`);
  return {
    revision: db.prepare<[string], Revision>('SELECT revision FROM requests WHERE request_id = ?').pluck(),
    receive: db.prepare('INSERT INTO requests VALUES (?, ?, ?, ?, ?, 0, 0, 0, NULL, NULL, NULL, ?)'),
    checkIdentity: change('identity_checked = 1'),
    extend: change('extended = 1, answer_by = ?'),
    disclose: change('disclosures = disclosures + 1'),
    answer: change('outcome = ?, ground = ?, answered_at = ?'),
  };
}

function unreadable(event: never): never {
  throw new TypeError(`Unknown event of a request: ${JSON.stringify((event as { type?: unknown }).type)}`);
}
