import {
  decideEligibility,
  dueEvent,
  momentFor,
  NEVER,
  nextDue,
  policyInForce,
  policyVersionOf,
  type ContactState,
  type Due,
  type EventMetadata,
  type Instant,
} from '@consent-ledger/consent';
import { RevisionConflict, type EventStore, type JsonObject, type NewEvent } from '@consent-ledger/event-store';
import { deterministicId, newId, toRfc3339, type Clock, type Metrics } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';
import { contactStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { stillContended } from '../contact/contention.js';
import { loadContact, type Contact } from '../contact/load-contact.js';
import { shredJudged, shredLeftovers, wasErasedSince } from '../contact/shred-key.js';
import { CLOCK, EVENT_STORE, KEY_VAULT, METRICS, POLICIES } from '../ports.js';
import { ReconsentMail } from '../prompt-reconsent/reconsent-mail.js';

const ATTEMPTS = 8;
/** What was done and cannot be undone must reach the log. */
const ATTEMPTS_TO_KEEP_A_PROMISE = 100;

/** One call, and the ids of the events that it wrote. */
interface Run {
  readonly correlationId: string;
  readonly written: Set<string>;
}

/**
 * Turns what fell due for a contact into events (P5 to P8). Each occurred at the instant at which it was due, whenever it is
 * recorded, and has an id that follows from what it is: whoever does this, however often and wherever it was cut short, the
 * log comes out the same. What an event promises happens before it is appended: the mail is asked for, the key destroyed.
 */
@Injectable()
export class SettleDue {
  constructor(
    @Inject(EVENT_STORE) readonly store: EventStore,
    @Inject(KEY_VAULT) readonly vault: Pick<KeyVault, 'find' | 'destroy'>,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Pick<Metrics, 'appended'>,
    @Inject(ReconsentMail) private readonly mail: Pick<ReconsentMail, 'request'>,
  ) {}

  /**
   * Records all that is due for the contact by `until`, in order of due date; answers how many events this call wrote, also
   * where others do the same at the same time. With `keepData` it stops before an end of retention (P7). Throws the problem
   * `CONFLICT` when others keep writing to the contact.
   */
  async settle(contactId: string, until: Instant, { keepData = false } = {}): Promise<number> {
    const run: Run = { correlationId: newId(), written: new Set() };
    for (let conflicts = 0; conflicts < ATTEMPTS;) {
      const contact = await loadContact(this.store, contactId);
      this.count(contact, run);
      const { state } = contact;
      const due = nextDue(state, this.policies.history());
      if (!due || due.at > until || (keepData && due.kind === 'retention-end')) return run.written.size;
      if (!(await this.carryOut(contact, due, state, run))) conflicts += 1;
    }
    throw stillContended();
  }

  /** The log answers a repeat as it did the first time, so what this call wrote is told by the stream. */
  private count({ recorded }: Contact, { correlationId, written }: Run): void {
    for (const { id, type, metadata } of recorded) {
      if (metadata['correlationId'] !== correlationId || written.has(id)) continue;
      written.add(id);
      this.metrics.appended(type);
    }
  }

  private async carryOut(contact: Contact, due: Due, state: ContactState, run: Run): Promise<boolean> {
    if (due.kind === 'retention-end') return this.erase(contact, due, run);
    await this.fulfil(contact.contactId, due, state);
    return this.append(contact, due, run);
  }

  /** Once the key is gone, the erasure is recorded whatever came meanwhile: who came back since has another key, and keeps it. */
  private async erase(judged: Contact, due: Due, run: Run): Promise<boolean> {
    const { contactId, revision } = judged;
    if (!(await shredJudged(this, judged))) return false;
    let contact = judged;
    for (let attempt = 0; attempt < ATTEMPTS_TO_KEEP_A_PROMISE; attempt++) {
      if (wasErasedSince(contact, revision)) return false;
      if (await this.append(contact, due, run)) {
        await shredLeftovers(this, contactId);
        return true;
      }
      contact = await loadContact(this.store, contactId);
    }
    throw stillContended();
  }

  private async fulfil(contactId: string, due: Due, state: ContactState): Promise<void> {
    switch (due.kind) {
      case 'prompt':
        if (!this.mayBeAsked(state, due.purposes)) return;
        await this.mail.request({ contactId, promptId: idOf(contactId, due), purposes: due.purposes, reminder: false });
        return;
      case 'reminder':
        if (!this.mayBeAsked(state, due.purposes)) return;
        await this.mail.request({ contactId, promptId: due.promptId, purposes: due.purposes, reminder: true });
        return;
      case 'retention-end':
      case 'lapse':
      case 'evidence-end':
        return;
    }
  }

  /** Nobody is asked for a mail that could only be held back: a worker that was down for longer than the window sends none. */
  private mayBeAsked(state: ContactState, purposes: readonly string[]): boolean {
    const now = momentFor(state, this.clock.now());
    const policy = policyInForce(this.policies.history(), now, NEVER);
    return purposes.some(
      (purpose) =>
        policy.purposes.has(purpose) &&
        decideEligibility(state, this.policies.history(), purpose, now).reason === 'CONSENT',
    );
  }

  /** Answers `false` when somebody else wrote to the contact meanwhile: what is due may be another thing then. */
  private async append(contact: Contact, due: Due, { correlationId }: Run): Promise<boolean> {
    const { contactId, revision } = contact;
    const { type, data } = dueEvent(due);
    const metadata = this.metadataOf(due, contact, correlationId) as unknown as JsonObject;
    const event: NewEvent = { id: idOf(contactId, due), type, data: data as unknown as JsonObject, metadata };
    try {
      await this.store.append(contactStream(contactId), revision, [event]);
      return true;
    } catch (error) {
      if (error instanceof RevisionConflict) return false;
      throw error;
    }
  }

  /** Learnt of no earlier than what it follows from, also when the clock was set back (law 3). */
  private metadataOf({ at }: Due, { events }: Contact, correlationId: string): EventMetadata {
    const now = Math.max(this.clock.now(), at, ...events.map(({ recordedAt }) => recordedAt));
    return {
      occurredAt: toRfc3339(at),
      recordedAt: toRfc3339(now),
      actor: { kind: 'system' },
      source: { kind: 'scheduler' },
      correlationId,
      schemaVersion: 1,
      policyVersion: policyVersionOf(policyInForce(this.policies.history(), at, now)),
    };
  }
}

function idOf(contactId: string, due: Due): string {
  return deterministicId('due', contactId, due.kind, due.at, JSON.stringify(dueEvent(due).data));
}
