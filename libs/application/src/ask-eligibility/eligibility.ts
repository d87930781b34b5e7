import {
  decideEligibility,
  eventsKnown,
  foldContact,
  momentFor,
  NEVER,
  unknownContact,
  UnknownPurpose,
  type ContactState,
  type Instant,
  type PolicyHistory,
  type Verdict,
} from '@consent-ledger/consent';
import type { EventStore, Position } from '@consent-ledger/event-store';
import { Problem, toRfc3339, type Clock, type Metrics } from '@consent-ledger/platform';
import {
  contactIdBytes,
  InvalidAddress,
  isContactId,
  normaliseAddress,
  type ContactIds,
} from '@consent-ledger/privacy';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { ContactRepository } from '../contact/contact-repository.js';
import { Preferences } from '../preferences.js';
import { CLOCK, CONTACT_IDS, EVENT_STORE, METRICS, POLICIES } from '../ports.js';
import { eligibilityAnswer, policyBody, verdictBody, type EligibilityAnswer, type VerdictBody } from './answer.js';

/** "May I send this?" for one contact. */
export interface EligibilityQuestion {
  readonly contactId: string;
  readonly purpose: string;
  /** The moment asked about; now when absent. It may lie in the future. */
  readonly at?: Instant;
  /** The moment whose knowledge counts; all that is known when absent. */
  readonly knownAt?: Instant;
  readonly consistency?: 'projected' | 'strong';
  /** The answer must know the log up to here. */
  readonly minPosition?: Position;
}

/** A verdict folded from the contact's own stream, and what it was computed from. */
export interface StrongVerdict {
  readonly verdict: Verdict;
  readonly at: Instant;
  readonly revision: number;
}

/** "May I send this?" for many addresses and one purpose. */
export interface Batch {
  readonly purpose: string;
  readonly at: string;
  readonly position: Position;
  readonly policy: { readonly id: string; readonly version: number };
  /** Throws the problem `UNAVAILABLE` once the projection no longer follows the log: a batch may be asked for long. */
  requireLive(): void;
  /** The verdict for one address as it was written; `INVALID_ADDRESS` when it is none. */
  judge(address: unknown): BatchVerdict;
}

export type BatchVerdict = VerdictBody;

const invalidAddress: BatchVerdict = { eligible: false, reason: 'INVALID_ADDRESS', basis: null, validUntil: null };

/**
 * Answers "may I send this?" (the verdict table of rules.md). A plain question is answered from the projection; one that
 * asks for another moment or for strong consistency, from the contact's stream in the log.
 */
@Injectable()
export class Eligibility {
  constructor(
    private readonly preferences: Preferences,
    private readonly contacts: ContactRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Metrics,
  ) {}

  /** Throws the problems `UNKNOWN_PURPOSE` (P10) and, when `minPosition` is not reached in time, `UNAVAILABLE`. */
  ask(question: EligibilityQuestion): EligibilityAnswer | Promise<EligibilityAnswer> {
    const replays = question.at !== undefined || question.knownAt !== undefined || question.consistency === 'strong';
    if (replays) return this.askLog(question);
    if (question.minPosition !== undefined && question.minPosition > this.preferences.position)
      return this.askLater(question, question.minPosition);
    return this.askProjection(question);
  }

  /** The verdict from the contact's own stream, for this moment or another (`consistency: "strong"`, law 3). */
  async judgeStrongly(question: EligibilityQuestion): Promise<StrongVerdict> {
    const { events, revision } = await this.contacts.load(question.contactId);
    const knownAt = question.knownAt ?? NEVER;
    const state = foldContact(eventsKnown(events, question.at ?? NEVER, knownAt));
    const at = question.at ?? momentFor(state, this.clock.now());
    return { verdict: this.decide(state, this.policies.history(), question.purpose, at, knownAt), at, revision };
  }

  /** Readies the same question for many addresses, at one moment; each is judged as it is asked for. */
  async openBatch(purpose: string, minPosition?: Position): Promise<Batch> {
    if (minPosition !== undefined) await this.preferences.reach(minPosition);
    this.preferences.requireLive();
    const position = this.preferences.position;
    const history = this.policies.history();
    const at = this.clock.now();
    const stranger = this.decide(unknownContact, history, purpose, at, NEVER);
    const verdicts = this.preferences.verdicts.for(purpose, history);
    return {
      purpose,
      at: toRfc3339(at),
      position,
      policy: policyBody(stranger),
      requireLive: () => this.preferences.requireLive(),
      judge: (address) => {
        const contactId = this.identify(address);
        if (!contactId) return this.count(invalidAddress);
        const known = verdicts.find(contactId, at);
        if (known) return this.count(verdictBody(known));
        const state = this.preferences.find(contactId) ?? unknownContact;
        const moment = momentFor(state, at);
        const verdict = state === unknownContact ? stranger : this.decide(state, history, purpose, moment, NEVER);
        verdicts.keep(contactId, moment, verdict);
        return this.count(verdictBody(verdict));
      },
    };
  }

  private async askLater(question: EligibilityQuestion, position: Position): Promise<EligibilityAnswer> {
    await this.preferences.reach(position);
    return this.askProjection(question);
  }

  private askProjection(question: EligibilityQuestion): EligibilityAnswer {
    this.preferences.requireLive();
    const { position } = this.preferences;
    const { verdict, at } = this.judgeProjected(question, this.clock.now());
    this.metrics.verdict(verdict.reason);
    return eligibilityAnswer(question, at, verdict, position);
  }

  /** The verdict for now, and the moment that it was judged for. */
  private judgeProjected({ contactId, purpose }: EligibilityQuestion, now: Instant): { verdict: Verdict; at: Instant } {
    const history = this.policies.history();
    if (!isContactId(contactId)) return { verdict: this.decide(unknownContact, history, purpose, now, NEVER), at: now };
    const key = contactIdBytes(contactId);
    const verdicts = this.preferences.verdicts.for(purpose, history);
    const known = verdicts.findWhole(key, now);
    if (known) return { verdict: known, at: now };
    const state = this.preferences.find(key) ?? unknownContact;
    const at = momentFor(state, now);
    const verdict = this.decide(state, history, purpose, at, NEVER);
    verdicts.keep(key, at, verdict);
    return { verdict, at };
  }

  private async askLog(question: EligibilityQuestion): Promise<EligibilityAnswer> {
    let position = await this.store.head();
    if (question.minPosition !== undefined && question.minPosition > position) {
      await this.preferences.reach(question.minPosition);
      position = await this.store.head();
    }
    const { verdict, at } = await this.judgeStrongly(question);
    this.metrics.verdict(verdict.reason);
    return eligibilityAnswer(question, at, verdict, position);
  }

  private identify(address: unknown): Buffer | undefined {
    if (typeof address !== 'string') return undefined;
    try {
      return this.contactIds.bytesOf(normaliseAddress(address));
    } catch (error) {
      if (error instanceof InvalidAddress) return undefined;
      throw error;
    }
  }

  private decide(state: ContactState, history: PolicyHistory, purpose: string, at: Instant, knownAt: Instant): Verdict {
    try {
      return decideEligibility(state, history, purpose, at, knownAt);
    } catch (error) {
      if (error instanceof UnknownPurpose) throw unknownPurpose(error);
      throw error;
    }
  }

  private count(verdict: BatchVerdict): BatchVerdict {
    this.metrics.verdict(verdict.reason);
    return verdict;
  }
}

function unknownPurpose({ message, purpose }: UnknownPurpose): Problem {
  return new Problem('UNKNOWN_PURPOSE', message, [{ field: 'purpose', message: `${purpose}: UNKNOWN_PURPOSE` }]);
}
