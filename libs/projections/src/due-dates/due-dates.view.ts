import type { Instant } from '@consent-ledger/consent';
import { contactIdBytes, contactIdFromBytes } from '@consent-ledger/privacy';
import type { ReadModels } from '../read-models.js';

/** A contact for which something falls due, and when the first of it does. */
export interface DueContact {
  readonly contactId: string;
  readonly dueAt: Instant;
}

/** Reads what the due dates projection keeps. The tables must be there: make the projection first. */
export class DueDatesView {
  readonly #due: (now: Instant, after: DueContact | undefined, limit: number) => DueContact[];
  readonly #next: () => Instant | undefined;
  readonly #find: (key: Buffer) => Instant | undefined;
  readonly #count: () => number;

  constructor({ db }: ReadModels) {
    const due = db
      .prepare<[Instant, Instant, Buffer, number], [Buffer, Instant]>(
        `SELECT contact_id, due_at FROM due_dates
         WHERE due_at <= ? AND (due_at, contact_id) > (?, ?) ORDER BY due_at, contact_id LIMIT ?`,
      )
      .raw();
    const next = db.prepare<[], Instant | null>('SELECT min(due_at) FROM due_dates').pluck();
    const find = db.prepare<[Buffer], Instant>('SELECT due_at FROM due_dates WHERE contact_id = ?').pluck();
    const count = db.prepare<[], number>('SELECT count(*) FROM due_dates').pluck();
    this.#find = (key) => find.get(key);
    this.#count = () => count.get()!;
    this.#due = (now, after, limit) => {
      const start = after ? contactIdBytes(after.contactId) : Buffer.alloc(0);
      return due
        .all(now, after?.dueAt ?? Number.MIN_SAFE_INTEGER, start, limit)
        .map(([key, dueAt]) => ({ contactId: contactIdFromBytes(key), dueAt }));
    };
    this.#next = () => next.get() ?? undefined;
  }

  /** At most `limit` contacts for which something is due by `now`, in order of due date, after the one named. */
  due(now: Instant, limit: number, after?: DueContact): DueContact[] {
    return this.#due(now, after, limit);
  }

  /** When the first thing falls due for a contact; `undefined` where nothing does. */
  find(contactId: string): Instant | undefined {
    return this.#find(contactIdBytes(contactId));
  }

  /** For how many contacts something falls due. Reads the whole table. */
  count(): number {
    return this.#count();
  }

  /** The first instant at which something falls due; in the past while something has not been recorded yet. */
  nextDueAt(): Instant | undefined {
    return this.#next();
  }
}
