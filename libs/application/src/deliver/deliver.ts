import { policyVersionOf, type Instant, type Policy } from '@consent-ledger/consent';
import type { EventStore, JsonObject, Revision } from '@consent-ledger/event-store';
import { newId, toRfc3339, type Logger } from '@consent-ledger/platform';
import { KeyMissing, SealBroken } from '@consent-ledger/privacy';
import { contactStream, mailingStream } from '@consent-ledger/projections';
import type { Mailing } from '../create-mailing/create-mailing.command.js';
import { recordDeliverabilityOf } from '../record-deliverability/record-deliverability.command.js';
import { isBadAddress } from './bad-address.js';
import { Clearances, type Clearance, type ClearanceDependencies } from './clearance.js';
import { occasionOf, type Delivery } from './delivery.js';
import { underWay, type DeliveryEventType, type DeliveryHistory } from './delivery-repository.js';
import { UnmakeableMessage, type MailRoom, type SendOutcome } from './mail-room.js';

export interface DeliverOptions {
  /** Names the mailer in what it takes: the same after a restart, and no other mailer's. */
  readonly mailer: string;
  /** How often a message that failed for now is tried in all. */
  readonly attempts: number;
  /** Milliseconds before the second try; each further one waits twice as long. */
  readonly retryAfter: number;
}

export interface DeliverDependencies extends ClearanceDependencies {
  readonly store: EventStore;
  readonly mailRoom: MailRoom;
  readonly logger: Logger;
}

/** The longest that a message waits before it is looked at again whether it may go out. */
const LONGEST_WAIT = 60 * 60_000;

/** What the one who took a message knows of it; `not-sent` where nothing was handed over. */
type Knowledge = SendOutcome | { readonly status: 'not-sent' };

/**
 * Sends one message: the strong verdict at the moment of sending, recorded; then the message; then what came of it,
 * recorded. The start is recorded before anything leaves, so that a crash can lose the outcome but never send twice.
 */
export class Deliver {
  /** What came of messages whose outcome the log has not taken yet. */
  private readonly untold = new Map<string, Knowledge>();
  private readonly clearances: Clearances;

  constructor(
    private readonly needs: DeliverDependencies,
    private readonly options: DeliverOptions,
  ) {
    this.clearances = new Clearances(needs);
  }

  /** Carries a waiting delivery as far as it goes now. One that is not waiting, or that another mailer takes, is left alone. */
  async deliver(deliveryId: string): Promise<void> {
    const history = await this.needs.deliveries.load(deliveryId);
    if (!history || !isWaiting(history)) return;
    const { notBefore } = history.delivery;
    if (notBefore !== undefined && Date.parse(notBefore) > this.needs.clock.now())
      return this.postpone(history, Date.parse(notBefore));
    const clearance = await this.clearances.clear(history.delivery);
    if (clearance.outcome === 'suppress') return this.suppress(history, clearance);
    if (clearance.outcome === 'wait') return this.postpone(history, clearance.until ?? this.nextLook(history));

    const mail = await this.prepare(history, clearance);
    if (mail === 'erased') return this.suppress(history, { ...clearance, reason: 'ERASED' });
    if (mail === 'no-address') return this.suppress(history, { ...clearance, reason: 'NO_ADDRESS' });
    if (mail === 'refused') return;

    const attempt = attemptsOf(history) + 1;
    const started = await this.take(history, attempt, clearance);
    if (!started) return;
    if (await this.isHeldBack(started, clearance)) return;
    await this.settle(started, attempt, await mail.send());
  }

  /**
   * Settles a delivery that is under way, and answers whether it was this mailer's to settle. Its own, left behind by a crash
   * or a log that failed: by its outcome where that is known, tried again if the mail room knows that nothing left. Another
   * mailer's is not touched, unless it stands at the revision `abandoned`: then it is reported as unknown, and never tried
   * again, because nobody may get the same mailing twice.
   */
  async recover(deliveryId: string, abandoned?: Revision): Promise<boolean> {
    const history = await this.needs.deliveries.load(deliveryId);
    const started = history && underWay(history);
    const known = this.untold.get(deliveryId);
    if (!started || (!known && started.revision !== history.revision)) return this.forget(deliveryId);
    const isOwn = this.isOwn(started);
    if (!isOwn && started.revision !== abandoned) return this.forget(deliveryId);
    const outcome = isOwn ? (known ?? (await this.lookUp(deliveryId))) : ({ status: 'unknown' } as const);
    await this.settle(started, attemptsOf(started), outcome);
    return true;
  }

  private forget(deliveryId: string): false {
    this.untold.delete(deliveryId);
    return false;
  }

  /** What was started before mailers had names was started when there was only one. */
  private isOwn({ events }: DeliveryHistory): boolean {
    const { mailer = this.options.mailer } = events.at(-1)!.data;
    return mailer === this.options.mailer;
  }

  private async lookUp(deliveryId: string): Promise<Knowledge> {
    const sent = await this.needs.mailRoom.wasSent(deliveryId);
    if (sent === undefined) return { status: 'unknown' };
    return { status: sent ? 'sent' : 'not-sent' };
  }

  /** Takes the delivery, so that no other mailer can; `undefined` when another was first. */
  private async take(
    history: DeliveryHistory,
    attempt: number,
    { recorded, policy }: Clearance,
  ): Promise<DeliveryHistory | undefined> {
    const { deliveryId } = history.delivery;
    const { mailer } = this.options;
    // Until the message is handed over nothing has left, whatever fails before: a start whose answer was lost, or the last look.
    this.untold.set(deliveryId, { status: 'not-sent' });
    const data = { attempt, mailer, verdict: recorded };
    const isTaken = await this.append(history, 'DeliveryStarted', data, policy);
    if (!isTaken) this.untold.delete(deliveryId);
    return isTaken ? { ...history, revision: history.revision + 1 } : undefined;
  }

  /** Looks once more for news of the contact, and answers whether the message may not go out as it was made. */
  private async isHeldBack(started: DeliveryHistory, clearance: Clearance): Promise<boolean> {
    const last = await this.clearAgain(started.delivery, clearance);
    const isSuppressed = last.outcome === 'suppress';
    const isHeldBack = isSuppressed || !isSameQuestion(last, clearance);
    if (isSuppressed) await this.suppress(started, last);
    else if (isHeldBack) await this.postpone(started, this.needs.clock.now());
    this.untold.delete(started.delivery.deliveryId);
    return isHeldBack;
  }

  /** A person who opted out while the message was made must not get it. */
  private async clearAgain(delivery: Delivery, clearance: Clearance): Promise<Clearance> {
    const stream = contactStream(delivery.contactId);
    const since = await this.needs.store.readStream(stream, { from: clearance.revision + 1, limit: 1 });
    return since.length === 0 ? clearance : this.clearances.clear(delivery);
  }

  private async prepare(history: DeliveryHistory, { policy, asked }: Clearance) {
    const { delivery } = history;
    const mailing = await this.mailing(delivery);
    try {
      const secrets = await this.needs.deliveries.open(history);
      if (typeof secrets === 'string') return secrets;
      return await this.needs.mailRoom.prepare({
        delivery,
        address: secrets.address,
        variables: { ...mailing?.variables, ...secrets.variables },
        subject: mailing?.subject,
        policy,
        ...(asked && { asked }),
        date: Date.parse(history.events[0]!.metadata['recordedAt'] as string),
      });
    } catch (error) {
      if (!isFinal(error)) throw error;
      const { deliveryId, mailingId } = delivery;
      this.needs.logger.error('A message could not be made', { deliveryId, mailingId, error });
      if (await this.append(history, 'DeliveryFailed', { permanent: true, code: error.code }))
        this.needs.metrics.mail('failed');
      return 'refused';
    }
  }

  private async mailing({ mailingId }: Delivery): Promise<Mailing | undefined> {
    if (occasionOf(mailingId) !== 'mailing') return undefined;
    const [created] = await this.needs.store.readStream(mailingStream(mailingId), { limit: 1 });
    return created?.data as unknown as Mailing | undefined;
  }

  private async suppress(history: DeliveryHistory, { reason, recorded, policy }: Clearance): Promise<void> {
    if (await this.conclude(history, 'DeliverySuppressed', { reason, verdict: recorded }, policy))
      this.needs.metrics.mail('suppressed');
  }

  /** Leaves a message to be looked at again, and made anew, at an instant. */
  private async postpone(history: DeliveryHistory, until: Instant): Promise<void> {
    await this.conclude(history, 'DeliveryDeferred', { attempt: attemptsOf(history), retryAt: toRfc3339(until) });
  }

  private nextLook({ events }: DeliveryHistory): Instant {
    const looks = events.filter(({ type }) => type === 'DeliveryDeferred').length;
    return this.needs.clock.now() + Math.min(this.options.retryAfter * 2 ** looks, LONGEST_WAIT);
  }

  private async settle(started: DeliveryHistory, attempt: number, outcome: Knowledge): Promise<void> {
    const { deliveryId } = started.delivery;
    this.untold.set(deliveryId, outcome);
    if (outcome.status === 'rejected' && isBadAddress(outcome.code)) await this.recordBounce(started.delivery);
    const { type, data } = this.eventFor(attempt, outcome);
    if (await this.conclude(started, type, data)) this.needs.metrics.mail(outcomes[type]);
    this.untold.delete(deliveryId);
  }

  /** Records what came of a message. Where another mailer gave it up as unknown meanwhile, the knowledge goes behind that. */
  private async conclude(
    history: DeliveryHistory,
    type: DeliveryEventType,
    data: JsonObject,
    policy?: Policy,
  ): Promise<boolean> {
    if (await this.append(history, type, data, policy)) return true;
    const latest = await this.needs.deliveries.load(history.delivery.deliveryId);
    if (type === 'DeliveryOutcomeUnknown' || !latest || !isGivenUpSince(latest, history)) return false;
    // It was reported, and somebody may have written to the person since: it is not sent any more.
    return type === 'DeliveryDeferred'
      ? this.append(latest, 'DeliveryFailed', { ...data, permanent: false }, policy)
      : this.append(latest, type, data, policy);
  }

  private eventFor(attempt: number, outcome: Knowledge) {
    switch (outcome.status) {
      case 'sent':
        return { type: 'MailSent', data: { attempt } } as const;
      case 'unknown':
        return { type: 'DeliveryOutcomeUnknown', data: { attempt } } as const;
      case 'not-sent':
        return { type: 'DeliveryDeferred', data: { attempt, retryAt: toRfc3339(this.needs.clock.now()) } } as const;
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

  private append(history: DeliveryHistory, type: DeliveryEventType, data: JsonObject, policy?: Policy) {
    return this.needs.deliveries.append(history, type, data, policy && policyVersionOf(policy));
  }
}

/** What no later try mends: a message that its template refuses, or an address that cannot be unsealed any more. */
function isFinal(error: unknown): error is UnmakeableMessage | KeyMissing | SealBroken {
  return error instanceof UnmakeableMessage || error instanceof KeyMissing || error instanceof SealBroken;
}

/** Whether a prompt that was made still asks about all that it says; always so for what asks nothing. */
function isSameQuestion(now: Clearance, made: Clearance): boolean {
  const purposes = ({ asked = [] }: Clearance) => asked.map(({ purpose }) => purpose).join();
  return purposes(now) === purposes(made);
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

function isGivenUpSince({ events, revision }: DeliveryHistory, started: DeliveryHistory): boolean {
  return revision === started.revision + 1 && events.at(-1)!.type === 'DeliveryOutcomeUnknown';
}

function attemptsOf({ events }: DeliveryHistory): number {
  return events.filter(({ type }) => type === 'DeliveryStarted').length;
}

function codeOf({ code }: { readonly code?: string }): JsonObject {
  return code === undefined ? {} : { code };
}
