import {
  confirmOptIn,
  decideEligibility,
  foldContact,
  momentFor,
  NEVER,
  policyInForce,
  policyVersionOf,
  standingRestriction,
  type Policy,
  type Verdict,
} from '@consent-ledger/consent';
import type { EventStore, JsonObject, Revision } from '@consent-ledger/event-store';
import { newId, toRfc3339, type Clock, type Logger, type Metrics } from '@consent-ledger/platform';
import { KeyMissing, SealBroken } from '@consent-ledger/privacy';
import { contactStream, mailingStream, type PolicyShelf } from '@consent-ledger/projections';
import { evidenceBody, verdictBody } from '../ask-eligibility/answer.js';
import type { ContactRepository } from '../contact/contact-repository.js';
import type { Mailing } from '../create-mailing/create-mailing.command.js';
import { recordDeliverabilityOf } from '../record-deliverability/record-deliverability.command.js';
import { CONFIRMATIONS, type Delivery } from './delivery.js';
import type { DeliveryHistory, DeliveryRepository } from './delivery-repository.js';
import { UnmakeableMessage, type MailRoom, type SendOutcome } from './mail-room.js';

/** Whether a delivery may go out at this moment, and what that rests on. */
interface Clearance {
  readonly eligible: boolean;
  readonly reason: string;
  readonly policy: Policy;
  /** The revision of the contact that was judged. */
  readonly revision: Revision;
  /** The verdict as it is recorded with the delivery. */
  readonly recorded: JsonObject;
}

export interface DeliverOptions {
  /** How often a message that failed for now is tried in all. */
  readonly attempts: number;
  /** Milliseconds before the second try; each further one waits twice as long. */
  readonly retryAfter: number;
}

export interface DeliverDependencies {
  readonly store: EventStore;
  readonly contacts: ContactRepository;
  readonly deliveries: DeliveryRepository;
  readonly policies: PolicyShelf;
  readonly mailRoom: MailRoom;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * Sends one message: the strong verdict at the moment of sending, recorded; then the message; then what came of it,
 * recorded. The start is recorded before anything leaves, so that a crash can lose the outcome but never send twice.
 */
export class Deliver {
  /** What came of messages whose outcome the log has not taken yet. */
  private readonly untold = new Map<string, SendOutcome>();

  constructor(
    private readonly needs: DeliverDependencies,
    private readonly options: DeliverOptions,
  ) {}

  /** Carries a waiting delivery as far as it goes now. One that is not waiting, or that another mailer takes, is left alone. */
  async deliver(deliveryId: string): Promise<void> {
    const history = await this.needs.deliveries.load(deliveryId);
    if (!history || !isWaiting(history)) return;
    const clearance = await this.clear(history.delivery);
    if (!clearance.eligible) return this.suppress(history, clearance);

    const mail = await this.prepare(history, clearance);
    if (mail === 'erased') return this.suppress(history, { ...clearance, reason: 'ERASED' });
    if (mail === 'refused') return;

    const attempt = attemptsOf(history) + 1;
    const data = { attempt, verdict: clearance.recorded };
    if (!(await this.append(history, 'DeliveryStarted', data, clearance.policy))) return;
    const started = { ...history, revision: history.revision + 1 };

    const last = await this.clearAgain(history.delivery, clearance);
    if (!last.eligible) return this.suppress(started, last);
    await this.settle(started, attempt, await mail.send());
  }

  /**
   * Settles a delivery that was under way when its mailer died or the log failed: by its outcome where that is known,
   * tried again if the mail room knows that nothing left, and otherwise reported as unknown, because nobody may get the
   * same mailing twice.
   */
  async recover(deliveryId: string): Promise<void> {
    const history = await this.needs.deliveries.load(deliveryId);
    if (history?.events.at(-1)?.type !== 'DeliveryStarted') return;
    const outcome = this.untold.get(deliveryId) ?? (await this.lookUp(deliveryId));
    if (outcome !== 'not sent') return this.settle(history, attemptsOf(history), outcome);
    const retryAt = toRfc3339(this.needs.clock.now());
    await this.append(history, 'DeliveryDeferred', { attempt: attemptsOf(history), retryAt });
  }

  private async lookUp(deliveryId: string): Promise<SendOutcome | 'not sent'> {
    const sent = await this.needs.mailRoom.wasSent(deliveryId);
    if (sent === undefined) return { status: 'unknown' };
    return sent ? { status: 'sent' } : 'not sent';
  }

  private clear(delivery: Delivery): Promise<Clearance> {
    return delivery.mailingId === CONFIRMATIONS ? this.clearConfirmation(delivery) : this.clearMailing(delivery);
  }

  private async clearMailing({ contactId, purpose }: Delivery): Promise<Clearance> {
    const { contacts, policies, clock, metrics } = this.needs;
    const { events, revision } = await contacts.load(contactId);
    const state = foldContact(events);
    const at = momentFor(state, clock.now());
    const inForce = policyInForce(policies.history(), at, NEVER);
    if (!inForce.purposes.has(purpose)) return clearanceWithoutPurpose(inForce, at, revision);
    const verdict = decideEligibility(state, policies.history(), purpose, at);
    metrics.verdict(verdict.reason);
    const { eligible, reason, policy } = verdict;
    return { eligible, reason, policy, revision, recorded: recordedVerdict(verdict, at, revision) };
  }

  /** The mail that asks for a confirmation goes out while the opt-in still waits for it. */
  private async clearConfirmation({ contactId, requestId }: Delivery): Promise<Clearance> {
    const { contacts, policies, clock } = this.needs;
    const { events, revision } = await contacts.load(contactId);
    const at = clock.now();
    const policy = policyInForce(policies.history(), at, at);
    const isRestricted = standingRestriction(foldContact(events)) !== undefined;
    const decision = confirmOptIn(events, { requestId: requestId! });
    const waits = 'events' in decision && decision.events.length > 0;
    const reason = isRestricted ? 'RESTRICTED' : waits ? 'PENDING_CONFIRMATION' : 'NO_LONGER_PENDING';
    const recorded = { at: toRfc3339(at), reason, contactRevision: revision };
    return { eligible: waits && !isRestricted, reason, policy, revision, recorded };
  }

  /** A person who opted out while the message was made must not get it. */
  private async clearAgain(delivery: Delivery, clearance: Clearance): Promise<Clearance> {
    const stream = contactStream(delivery.contactId);
    const since = await this.needs.store.readStream(stream, { from: clearance.revision + 1, limit: 1 });
    return since.length === 0 ? clearance : this.clear(delivery);
  }

  private async prepare(history: DeliveryHistory, { policy }: Clearance) {
    const { delivery } = history;
    const mailing = await this.mailing(delivery);
    try {
      const secrets = await this.needs.deliveries.open(history);
      if (secrets === 'erased') return secrets;
      return await this.needs.mailRoom.prepare({
        delivery,
        address: secrets.address,
        variables: { ...mailing?.variables, ...secrets.variables },
        subject: mailing?.subject,
        policy,
        date: Date.parse(history.events[0]!.metadata['recordedAt'] as string),
      });
    } catch (error) {
      if (!isFinal(error)) throw error;
      const { deliveryId, mailingId } = delivery;
      this.needs.logger.error('A message could not be made', { deliveryId, mailingId, error });
      await this.append(history, 'DeliveryFailed', { permanent: true, code: error.code });
      this.needs.metrics.mail('failed');
      return 'refused';
    }
  }

  private async mailing({ mailingId }: Delivery): Promise<Mailing | undefined> {
    if (mailingId === CONFIRMATIONS) return undefined;
    const [created] = await this.needs.store.readStream(mailingStream(mailingId), { limit: 1 });
    return created?.data as unknown as Mailing | undefined;
  }

  private async suppress(history: DeliveryHistory, { reason, recorded, policy }: Clearance): Promise<void> {
    if (await this.append(history, 'DeliverySuppressed', { reason, verdict: recorded }, policy))
      this.needs.metrics.mail('suppressed');
  }

  private async settle(history: DeliveryHistory, attempt: number, outcome: SendOutcome): Promise<void> {
    const { deliveryId } = history.delivery;
    this.untold.set(deliveryId, outcome);
    if (outcome.status === 'rejected' && isBadAddress(outcome.code)) await this.recordBounce(history.delivery);
    const { type, data } = this.eventFor(attempt, outcome);
    await this.append(history, type, data);
    this.untold.delete(deliveryId);
    this.needs.metrics.mail(outcomes[type]);
  }

  private eventFor(attempt: number, outcome: SendOutcome) {
    switch (outcome.status) {
      case 'sent':
        return { type: 'MailSent', data: { attempt } } as const;
      case 'unknown':
        return { type: 'DeliveryOutcomeUnknown', data: { attempt } } as const;
      case 'rejected':
        return { type: 'DeliveryFailed', data: { attempt, permanent: true, ...codeOf(outcome) } } as const;
      case 'deferred': {
        if (attempt >= this.options.attempts)
          return { type: 'DeliveryFailed', data: { attempt, permanent: false, ...codeOf(outcome) } } as const;
        const wait = this.options.retryAfter * 2 ** (attempt - 1);
        const retryAt = toRfc3339(this.needs.clock.now() + wait);
        return { type: 'DeliveryDeferred', data: { attempt, retryAt, ...codeOf(outcome) } } as const;
      }
    }
  }

  private async recordBounce({ contactId, deliveryId }: Delivery): Promise<void> {
    const fact = {
      contactId,
      source: { kind: 'mail-provider', reference: deliveryId },
      actor: { kind: 'system' },
      correlationId: newId(),
    } as const;
    await recordDeliverabilityOf(this.needs.contacts, fact, { kind: 'bounced', permanent: true });
  }

  private append(
    history: DeliveryHistory,
    type: Parameters<DeliveryRepository['append']>[1],
    data: JsonObject,
    policy?: Policy,
  ) {
    return this.needs.deliveries.append(history, type, data, policy && policyVersionOf(policy));
  }
}

/** What no later try mends: a message that its template refuses, or an address that cannot be unsealed any more. */
function isFinal(error: unknown): error is UnmakeableMessage | KeyMissing | SealBroken {
  return error instanceof UnmakeableMessage || error instanceof KeyMissing || error instanceof SealBroken;
}

/** What the metrics call each end of a try. */
const outcomes = {
  MailSent: 'sent',
  DeliveryDeferred: 'deferred',
  DeliveryFailed: 'failed',
  DeliveryOutcomeUnknown: 'unknown',
} as const;

function isWaiting({ events }: DeliveryHistory): boolean {
  const last = events.at(-1)!.type;
  return last === 'DeliveryRequested' || last === 'DeliveryDeferred';
}

function attemptsOf({ events }: DeliveryHistory): number {
  return events.filter(({ type }) => type === 'DeliveryStarted').length;
}

/** P10: a purpose that the policy lacks by now does not exist, and what still waits for it would wait for ever. */
function clearanceWithoutPurpose(policy: Policy, at: number, revision: Revision): Clearance {
  const reason = 'UNKNOWN_PURPOSE';
  const { id, version } = policy;
  const recorded = { at: toRfc3339(at), eligible: false, reason, policy: { id, version }, contactRevision: revision };
  return { eligible: false, reason, policy, revision, recorded };
}

function recordedVerdict(verdict: Verdict, at: number, revision: Revision): JsonObject {
  const { policy } = verdict;
  return {
    at: toRfc3339(at),
    ...verdictBody(verdict),
    ...(verdict.missing && { missing: [...verdict.missing] }),
    evidence: verdict.evidence.map((mark) => ({ ...evidenceBody(mark) })),
    policy: { id: policy.id, version: policy.version },
    contactRevision: revision,
  };
}

/** RFC 3463 §3.2 and §3.3: the address or the mailbox itself is at fault, not the message or the moment. */
function isBadAddress(code: string | undefined): boolean {
  return /\b5\.(1\.(1|2|3|6|10)|2\.1)\b/.test(code ?? '');
}

function codeOf({ code }: { readonly code?: string }): JsonObject {
  return code === undefined ? {} : { code };
}
