import { foldContact, standingErasure, type EventMetadata, type Instant } from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  type EventStore,
  type JsonObject,
  type Position,
  type RecordedEvent,
  type Revision,
} from '@consent-ledger/event-store';
import { newId, type Clock, type Metrics } from '@consent-ledger/platform';
import type { EventPlace, PersonalData } from '@consent-ledger/privacy';
import { contactEventOf, contactStream, deliveryStream } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { AddressOnRecord } from '../contact/address-on-record.js';
import { loadContact } from '../contact/load-contact.js';
import { CLOCK, EVENT_STORE, METRICS, PERSONAL_DATA } from '../ports.js';
import { systemMetadata } from '../system-event.js';
import { occasionOf, type Delivery, type DeliverySecrets } from './delivery.js';

/** What comes of a delivery after it was requested. */
export type DeliveryEventType =
  | 'DeliveryStarted'
  | 'MailSent'
  | 'DeliverySuppressed'
  | 'DeliveryDeferred'
  | 'DeliveryFailed'
  | 'DeliveryOutcomeUnknown';

/** A delivery as its stream tells it. */
export interface DeliveryHistory {
  readonly delivery: Delivery;
  readonly events: readonly RecordedEvent[];
  readonly revision: Revision;
}

/** By what a delivery is asked for. */
export interface DeliveryOrigin {
  readonly correlationId: string;
  readonly policyVersion: string;
  /**
   * Given only where copies of a request are to be answered like the first: the log answers a second request of the same id
   * as it did the first, and a duplicate would count as new.
   */
  readonly eventId?: string;
}

/** The delivery as it was when a mailer last took it; `undefined` when none did. */
export function underWay({ delivery, events }: DeliveryHistory): DeliveryHistory | undefined {
  const last = events.findLastIndex(({ type }) => type === 'DeliveryStarted');
  return last < 0 ? undefined : { delivery, events: events.slice(0, last + 1), revision: events[last]!.revision };
}

/** Keeps each delivery in a stream of its own, so that two mailers cannot both take it. */
@Injectable()
export class DeliveryRepository {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(PERSONAL_DATA) private readonly personalData: PersonalData,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly addresses: AddressOnRecord,
  ) {}

  /**
   * Asks for a delivery, durably; answers its position, or `undefined` when it was asked for before, by another request than
   * `eventId`. Without secrets nothing is sealed: the message goes to the address on record.
   */
  async request(
    delivery: Delivery,
    secrets: DeliverySecrets | undefined,
    origin: DeliveryOrigin,
  ): Promise<Position | undefined> {
    const streamId = deliveryStream(delivery.deliveryId);
    // Looked at before anything is sealed: sealing would give a contact that was erased since a new key.
    const [asked] = await this.store.readStream(streamId, { limit: 1 });
    if (asked) return asked.id === origin.eventId ? asked.position : undefined;
    const { eventId = newId() } = origin;
    const sealed = secrets && (await this.seal(delivery, { streamId, eventId }, secrets));
    const event = {
      id: eventId,
      type: 'DeliveryRequested',
      data: { ...delivery, ...(sealed !== undefined && { sealed }) },
      metadata: systemMetadata(this.clock, origin.correlationId, origin.policyVersion),
    };
    try {
      const { position } = await this.store.append(streamId, NO_STREAM, [event]);
      this.metrics.appended(event.type);
      return position;
    } catch (error) {
      if (error instanceof RevisionConflict) return undefined;
      throw error;
    }
  }

  /**
   * Nothing is kept of somebody who was erased and has not come back (P7): the verdict will hold the message back. Whoever
   * asked for an opt-in since is on the way back, and the mail that asks to confirm it is for them.
   */
  private async seal(delivery: Delivery, place: EventPlace, secrets: DeliverySecrets): Promise<string | undefined> {
    const { contactId, requestId } = delivery;
    const events = (await this.store.readStream(contactStream(contactId))).map(contactEventOf);
    const erasure = standingErasure(foldContact(events));
    const isAskedSince = events.some(({ id, occurredAt }) => id === requestId && erasure && occurredAt > erasure.at);
    if (erasure && !isAskedSince) return undefined;
    return this.personalData.seal(contactId, place, { ...secrets });
  }

  async load(deliveryId: string): Promise<DeliveryHistory | undefined> {
    const events = await this.store.readStream(deliveryStream(deliveryId));
    const first = events[0];
    if (!first) return undefined;
    return { delivery: first.data as unknown as Delivery, events, revision: events.at(-1)!.revision };
  }

  /** When each of these deliveries was asked for, in epoch milliseconds, and whether it was kept back; of those that were. */
  async requestsAmong(
    deliveryIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly at: Instant; readonly isSuppressed: boolean }>> {
    const made = await this.store.existing(deliveryIds.map(deliveryStream));
    const requested = deliveryIds.filter((deliveryId) => made.has(deliveryStream(deliveryId)));
    const found = requested.map(async (deliveryId) => {
      const events = await this.store.readStream(deliveryStream(deliveryId));
      const at = Date.parse(events[0]!.metadata['recordedAt'] as string);
      return [deliveryId, { at, isSuppressed: events.at(-1)!.type === 'DeliverySuppressed' }] as const;
    });
    return new Map(await Promise.all(found));
  }

  /**
   * What was sealed with the request, `erased` once the contact's key is gone; of one that nothing was sealed with, the
   * address on record, `no-address` where there is none.
   */
  async open({ delivery, events }: DeliveryHistory): Promise<DeliverySecrets | 'erased' | 'no-address'> {
    if (occasionOf(delivery.mailingId) === 'preferences') return this.findAddress(delivery);
    const { streamId, id, data } = events[0]!;
    const { sealed } = data;
    if (typeof sealed !== 'string') return 'erased';
    const opened = await this.personalData.open(delivery.contactId, { streamId, eventId: id }, sealed);
    return opened === 'erased' ? opened : (opened as unknown as DeliverySecrets);
  }

  private async findAddress({ contactId }: Delivery): Promise<DeliverySecrets | 'no-address'> {
    const address = await this.addresses.find(await loadContact(this.store, contactId));
    return address === undefined ? 'no-address' : { address, variables: {} };
  }

  /** Appends what came of a delivery; `false` when another mailer was first. */
  async append(
    { delivery, revision, events }: DeliveryHistory,
    type: DeliveryEventType,
    data: JsonObject,
    policyVersion?: string,
  ): Promise<boolean> {
    const requested = events[0]!.metadata as unknown as EventMetadata;
    const { deliveryId, mailingId, contactId } = delivery;
    const event = {
      id: newId(),
      type,
      data: { deliveryId, mailingId, contactId, ...data },
      metadata: systemMetadata(this.clock, requested.correlationId, policyVersion ?? requested.policyVersion),
    };
    try {
      await this.store.append(deliveryStream(deliveryId), revision, [event]);
      this.metrics.appended(type);
      return true;
    } catch (error) {
      if (error instanceof RevisionConflict) return false;
      throw error;
    }
  }
}
