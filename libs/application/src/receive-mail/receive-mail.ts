import {
  actorKindOf,
  recordDeliverability,
  standingErasure,
  type Instant,
  type SourceKind,
} from '@consent-ledger/consent';
import type { Revision } from '@consent-ledger/event-store';
import { Problem, type Clock, type Metrics } from '@consent-ledger/platform';
import { Inject, Injectable } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';
import { isBadAddress } from '../deliver/bad-address.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { DeliveryRepository, type DeliveryHistory } from '../deliver/delivery-repository.js';
import { CLOCK, METRICS } from '../ports.js';
import type { Deliverability } from '../record-deliverability/record-deliverability.command.js';
import { UnsubscribeCommand } from '../unsubscribe/unsubscribe.command.js';
import type { InboundEnvelope, InboundReading, MailReader } from './inbound-mail.js';

/** By what door a message came. */
export interface MailOrigin {
  readonly correlationId: string;
  /** The API key that handed it over. */
  readonly keyId?: string;
}

/** What became of a message: its kind, the events that it led to, and why it waits for a person where it does. */
export interface ReceivedMail {
  readonly kind: InboundReading['kind'];
  readonly recorded: Recorded['recorded'];
  readonly why?: string;
}

type Reading<K extends InboundReading['kind']> = Extract<InboundReading, { kind: K }>;

/** What a message is known by. */
type MailName = Omit<Awaited<ReturnType<MailReader['read']>>, 'reading'>;

/** A message of ours that a report is about: whose it was, and when it began to leave. */
interface Subject {
  readonly contactId: string;
  readonly reference?: string;
  readonly sentAt?: Instant;
}

/** What cannot be carried out by a machine, though it could be read. */
type LeftOver = { readonly why: string };

/**
 * Takes a message that came in and records what it says (P4): an opt-out by its link, a bounce, a complaint. It resolves once
 * that is durable, or the message is kept for a person; a message that is handed over again is recorded once.
 */
@Injectable()
export class ReceiveMail {
  constructor(
    private readonly commands: CommandBus,
    private readonly contacts: ContactRepository,
    private readonly deliveries: DeliveryRepository,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Pick<Metrics, 'inbound'>,
  ) {}

  /** Rejects when nothing could be recorded: whoever handed the message over is to try again. */
  async receive(
    reader: MailReader,
    { raw, envelope }: { readonly raw: Buffer; readonly envelope: InboundEnvelope },
    origin: MailOrigin,
  ): Promise<ReceivedMail> {
    const { reading, ...name } = await reader.read(raw, envelope, this.clock.now());
    const outcome = await this.carryOut(reading, name, origin);
    if (!('why' in outcome)) {
      this.metrics.inbound(reading.kind);
      return { kind: reading.kind, recorded: outcome };
    }
    await reader.keep(raw, outcome.why);
    this.metrics.inbound('other');
    return { kind: 'other', recorded: [], why: outcome.why };
  }

  private carryOut(
    reading: InboundReading,
    name: MailName,
    origin: MailOrigin,
  ): Promise<Recorded['recorded'] | LeftOver> | Recorded['recorded'] | LeftOver {
    switch (reading.kind) {
      case 'opt-out':
        return this.optOut(reading, name, origin);
      case 'bounce':
        return this.bounce(reading, name.id, origin);
      case 'complaint':
        return this.complain(reading, name.id, origin);
      case 'automatic-reply':
        return [];
      case 'other':
        return { why: reading.why };
    }
  }

  /**
   * P4: it counts from now, not from the date that the person's own clock gave it: one that is behind would place the
   * opt-out before the opt-in that it ends. Without a name of its own a message may be a later one that says the same again:
   * it is taken for a copy for a few minutes only, and not once the person came back.
   */
  private async optOut(
    { contactId, purposes, mailing }: Reading<'opt-out'>,
    { id, isNamed }: MailName,
    origin: MailOrigin,
  ) {
    const subject = { contactId, ...(mailing !== undefined && { reference: mailing }) };
    const { idempotencyKey, ...fact } = await this.factOf('mailto', subject, id, origin);
    const named = { ...fact, act: `mail-${id}`, ...(isNamed && { idempotencyKey }) };
    const { revision } = await this.contacts.load(contactId);
    try {
      return newSince(revision, await this.commands.execute(new UnsubscribeCommand(named, purposes)));
    } catch (error) {
      if (error instanceof Problem && error.status === 422) return { why: 'refused' };
      throw error;
    }
  }

  private async bounce({ deliveryId, action, status, reportedAt }: Reading<'bounce'>, id: string, origin: MailOrigin) {
    const subject = await this.subjectOf(deliveryId);
    if (!subject) return { why: 'unknown-delivery' };
    // It is still being tried: nothing is known yet.
    if (action === 'delayed') return [];
    return this.record(subject, { kind: 'bounced', permanent: isBadAddress(status) }, reportedAt, id, origin);
  }

  private async complain({ about, reportedAt }: Reading<'complaint'>, id: string, origin: MailOrigin) {
    const subject = 'deliveryId' in about ? await this.subjectOf(about.deliveryId) : await this.subjectOfLink(about);
    if (!subject) return { why: 'unknown-delivery' };
    return this.record(subject, { kind: 'complained' }, reportedAt, id, origin);
  }

  /** A report is dated by the provider; before the message left, nothing can have come of it. */
  private async record(
    subject: Subject,
    deliverability: Exclude<Deliverability, { kind: 'deliverable' }>,
    reportedAt: Instant | undefined,
    id: string,
    origin: MailOrigin,
  ): Promise<Recorded['recorded']> {
    const occurredAt = this.occurrence(subject, reportedAt);
    const fact = {
      ...(await this.factOf('mail-provider', subject, id, origin)),
      ...(occurredAt !== undefined && { occurredAt }),
    };
    const { revision } = await this.contacts.load(subject.contactId);
    const recorded = await this.contacts.record(
      fact,
      (context) =>
        recordDeliverability(context.stateThen, { ...deliverability, occurredAt: context.occurredAt }, context.policy),
      { atOnce: true, request: { command: 'receive-mail', ...deliverability } },
    );
    return newSince(revision, recorded);
  }

  private occurrence({ sentAt }: Subject, reportedAt: Instant | undefined): Instant | undefined {
    if (reportedAt === undefined || sentAt === undefined || reportedAt > this.clock.now()) return undefined;
    return Math.max(sentAt, reportedAt);
  }

  private async factOf(
    source: SourceKind,
    subject: Subject,
    id: string,
    { correlationId, keyId }: MailOrigin,
  ): Promise<Fact & { readonly idempotencyKey: string }> {
    return {
      contactId: subject.contactId,
      source: { kind: source, ...(await this.referenceTo(subject)) },
      actor: { kind: actorKindOf(source), ...(keyId !== undefined && { id: keyId }) },
      correlationId,
      idempotencyKey: `mail-${id}`,
    };
  }

  /** What the report was about is sealed with it, but not for somebody who was erased: that would need a new key (P7). */
  private async referenceTo({ contactId, reference }: Subject): Promise<{ readonly reference?: string }> {
    if (reference === undefined) return {};
    const { state } = await this.contacts.load(contactId);
    return standingErasure(state) ? {} : { reference };
  }

  private async subjectOf(deliveryId: string): Promise<Subject | undefined> {
    const history = await this.deliveries.load(deliveryId);
    const sentAt = history && startOf(history);
    if (!history || sentAt === undefined) return undefined;
    return { contactId: history.delivery.contactId, reference: deliveryId, sentAt };
  }

  /** A link names the mailing; when that message was sent is known where it was one of a mailing. */
  private async subjectOfLink({ contactId, mailing }: { readonly contactId: string; readonly mailing?: string }) {
    const sent = mailing === undefined ? undefined : await this.subjectOf(deliveryIdOf(mailing, contactId));
    return sent ?? { contactId, ...(mailing !== undefined && { reference: mailing }) };
  }
}

/** A message that was handed over before is answered with what it led to then, and led to nothing now. */
function newSince(before: Revision, { recorded, revision }: Recorded): Recorded['recorded'] {
  return revision > before ? recorded : [];
}

function startOf({ events }: DeliveryHistory): Instant | undefined {
  const started = events.find(({ type }) => type === 'DeliveryStarted');
  return started && Date.parse(started.metadata['occurredAt'] as string);
}
