import type { Instant, RequestKind } from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import type { ReadModels } from '../read-models.js';

/** A request of a data subject. Instants are epoch milliseconds. */
export interface ListedRequest {
  readonly requestId: string;
  readonly contactId: string;
  readonly kind: RequestKind;
  readonly receivedAt: Instant;
  readonly answerBy: Instant;
  readonly identityChecked: boolean;
  readonly extended: boolean;
  /** How often personal data was given to the person. */
  readonly disclosures: number;
  readonly outcome: 'fulfilled' | 'refused' | null;
  /** On what it was refused. */
  readonly ground: string | null;
  readonly answeredAt: Instant | null;
  /** The revision of the request's stream. */
  readonly revision: Revision;
}

interface Row extends Omit<ListedRequest, 'identityChecked' | 'extended'> {
  readonly identityChecked: 0 | 1;
  readonly extended: 0 | 1;
}

const SELECT = `SELECT request_id AS requestId, contact_id AS contactId, kind, received_at AS receivedAt,
  answer_by AS answerBy, identity_checked AS identityChecked, extended, disclosures, outcome, ground,
  answered_at AS answeredAt, revision FROM requests`;

/** Reads what the requests projection keeps. The table must be there: make the projection first. */
export class RequestsView {
  readonly #statements: ReturnType<typeof prepare>;

  constructor({ db }: ReadModels) {
    this.#statements = prepare(db);
  }

  /** At most `limit` requests that wait for an answer, the one that is due first, first: what is overdue leads. */
  open(limit: number): ListedRequest[] {
    return this.#statements.open.all(limit).map(listed);
  }

  /** At most `limit` requests that were answered, the latest answer first. */
  answered(limit: number): ListedRequest[] {
    return this.#statements.answered.all(limit).map(listed);
  }

  /** Every request of a contact, the latest first. */
  ofContact(contactId: string): ListedRequest[] {
    return this.#statements.ofContact.all(contactId).map(listed);
  }
}

function prepare(db: ReadModels['db']) {
  return {
    open: db.prepare<[number], Row>(`${SELECT} WHERE outcome IS NULL ORDER BY answer_by, request_id LIMIT ?`),
    answered: db.prepare<[number], Row>(
      `${SELECT} WHERE outcome IS NOT NULL ORDER BY answered_at DESC, request_id LIMIT ?`,
    ),
    ofContact: db.prepare<[string], Row>(`${SELECT} WHERE contact_id = ? ORDER BY received_at DESC, request_id`),
  };
}

function listed(row: Row): ListedRequest {
  return { ...row, identityChecked: row.identityChecked === 1, extended: row.extended === 1 };
}
