import { nextDue, type ContactState, type Instant, type PolicyHistory } from '@consent-ledger/consent';
import type { RecordedEvent } from '@consent-ledger/event-store';
import { contactIdBytes } from '@consent-ledger/privacy';
import { contactOfStream } from '../contact-events.js';
import { isPolicyStream } from '../policies/policy-events.js';
import { NoPolicyPublished, type PolicyShelf } from '../policies/policy-shelf.js';
import type { PreferencesView } from '../preferences/preferences.view.js';
import type { Gathering, Projection } from '../projection.js';
import type { ReadModels } from '../read-models.js';
import { recordedAtOf } from '../recorded-instants.js';

/** Who waits for what falls due. It is told before anything can read the due dates as they are now. */
export interface DueDatesListener {
  /** Something falls due sooner than `LONGEST_WAIT_MS` after the event that brought it, or every date is reviewed. */
  changed(): void;
}

/** Whoever waits for the next due date looks at the index at least this often, so that it need not be told of later ones. */
export const LONGEST_WAIT_MS = 60_000;

export interface DueDatesDependencies {
  readonly readModels: ReadModels;
  /** The states that the due dates follow from; the projection that keeps them handles every batch first. */
  readonly preferences: PreferencesView;
  readonly policies: PolicyShelf;
  readonly listener?: DueDatesListener;
}

/**
 * When the next thing falls due for each contact: an index on the states of the preferences, so that the worker need not
 * look at every contact. A new policy moves the dates of all of them; `review` goes through them in bounded steps, and
 * until it has, a date may be that of the policies before. Nothing is decided by the index: it says where to look.
 */
export class DueDatesProjection implements Projection {
  readonly name = 'due-dates';
  readonly version = 2;
  readonly #needs: DueDatesDependencies;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(needs: DueDatesDependencies) {
    this.#needs = needs;
    needs.readModels.createTables(this.name, this.version, tables);
    this.#statements = prepare(needs.readModels);
  }

  handle(events: readonly RecordedEvent[]): void {
    const touched = new Map<string, RecordedEvent>();
    for (const recorded of events) {
      const contactId = contactOfStream(recorded.streamId);
      if (contactId !== undefined) touched.set(contactId, recorded);
      else if (isPolicyStream(recorded.streamId)) this.reviewAll();
    }
    let soon = false;
    for (const [contactId, last] of touched) {
      const dueAt = this.refresh(contactId);
      soon ||= dueAt !== undefined && dueAt < recordedAtOf(last) + LONGEST_WAIT_MS;
    }
    if (soon) this.#needs.listener?.changed();
  }

  /** Who follows from nothing meets a policy, which has every contact looked at: none need be kept in mind then. */
  gather(): Gathering {
    const touched = new Set<string>();
    let isReviewDue = false;
    return {
      add(events) {
        for (const { streamId } of events) {
          const contactId = contactOfStream(streamId);
          if (contactId === undefined) isReviewDue ||= isPolicyStream(streamId);
          else if (!isReviewDue) touched.add(contactId);
        }
        if (isReviewDue) touched.clear();
      },
      get size() {
        return touched.size;
      },
      write: () => {
        for (const contactId of touched) this.refresh(contactId);
        if (isReviewDue) this.reviewAll();
        else if (touched.size > 0) this.#needs.listener?.changed();
      },
    };
  }

  clear(): void {
    this.#statements.clear();
  }

  /** Looks at one contact again, as it stands in the preferences; answers when something falls due for it. */
  refresh(contactId: string): Instant | undefined {
    const found = this.#needs.preferences.find(contactId);
    const dueAt = found && this.dueAtOf(found.state);
    this.#put(contactId, dueAt);
    return dueAt;
  }

  /** When the next thing falls due in this state, under the policies published. */
  dueAtOf(state: ContactState): Instant | undefined {
    const history = this.#history();
    return history && nextDue(state, history)?.at;
  }

  /** Has every contact looked at again; `review` does it. */
  reviewAll(): void {
    this.#statements.startReview.run();
    this.#needs.listener?.changed();
  }

  /** Whether contacts are still to be looked at again. */
  get isUnderReview(): boolean {
    return this.#statements.reviewedUntil.get() !== undefined;
  }

  /** Looks at the next contacts, in one transaction; answers whether there are more. */
  review(limit: number): boolean {
    const { reviewedUntil, moveReview, endReview } = this.#statements;
    const after = reviewedUntil.get();
    const history = this.#history();
    if (after === undefined || !history) return false;
    const contacts = this.#needs.preferences.page(after === '' ? undefined : after, limit);
    this.#needs.readModels.db.transaction(() => {
      for (const { contactId, state } of contacts) this.#put(contactId, nextDue(state, history)?.at);
      if (contacts.length < limit) endReview.run();
      else moveReview.run(contacts.at(-1)!.contactId);
    })();
    return contacts.length === limit;
  }

  #put(contactId: string, dueAt: Instant | undefined): void {
    const key = contactIdBytes(contactId);
    if (dueAt === undefined) this.#statements.remove.run(key);
    else this.#statements.put.run(key, dueAt);
  }

  /** Before the first policy nothing falls due; its publication has every contact looked at. */
  #history(): PolicyHistory | undefined {
    try {
      return this.#needs.policies.history();
    } catch (error) {
      if (error instanceof NoPolicyPublished) return undefined;
      throw error;
    }
  }
}

const tables = {
  due_dates: `CREATE TABLE IF NOT EXISTS due_dates (
    contact_id BLOB PRIMARY KEY, due_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS due_dates_in_order ON due_dates (due_at, contact_id)`,
  due_dates_review: `CREATE TABLE IF NOT EXISTS due_dates_review (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), reviewed_until TEXT NOT NULL
  )`,
};

function prepare({ db }: ReadModels) {
  return {
    put: db.prepare<[Buffer, Instant]>(`INSERT INTO due_dates VALUES (?, ?)
      ON CONFLICT (contact_id) DO UPDATE SET due_at = excluded.due_at WHERE excluded.due_at <> due_at`),
    remove: db.prepare<[Buffer]>('DELETE FROM due_dates WHERE contact_id = ?'),
    startReview: db.prepare("INSERT OR REPLACE INTO due_dates_review VALUES (1, '')"),
    moveReview: db.prepare<[string]>('UPDATE due_dates_review SET reviewed_until = ?'),
    endReview: db.prepare('DELETE FROM due_dates_review'),
    reviewedUntil: db.prepare<[], string>('SELECT reviewed_until FROM due_dates_review').pluck(),
    clear: () => db.exec('DELETE FROM due_dates; DELETE FROM due_dates_review'),
  };
}
