import { policyVersionOf } from '@consent-ledger/consent';
import type { EventStore, JsonObject, Position } from '@consent-ledger/event-store';
import { deterministicId, Problem, type Clock } from '@consent-ledger/platform';
import type { ContactIds } from '@consent-ledger/privacy';
import { InvalidAddress, normaliseAddress } from '@consent-ledger/privacy';
import { mailingStream, type PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import type { Mailing } from '../create-mailing/create-mailing.command.js';
import { currentPolicy } from '../current-policy.js';
import { deliveryIdOf } from '../deliver/delivery.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { CLOCK, CONTACT_IDS, EVENT_STORE, POLICIES } from '../ports.js';

export interface Recipient {
  readonly address: string;
  readonly language?: string;
  readonly variables?: JsonObject;
}

/** What became of the recipients that were handed in. */
export interface AddedRecipients {
  readonly accepted: number;
  /** Those who were in the mailing already: nobody gets it twice. */
  readonly duplicates: number;
  readonly invalid: number;
  /** The log holds every accepted recipient by here. */
  readonly position: Position;
}

/** How many recipients wait for the log at once: enough to share commits, few enough to hold back a fast sender. */
const IN_FLIGHT = 256;

/** Adds recipients to a mailing, each durable before it is counted, in constant memory however many there are. */
@Injectable()
export class AddRecipients {
  constructor(
    private readonly deliveries: DeliveryRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Throws `NOT_FOUND` for a mailing that does not exist. A recipient whose address is not one is counted `invalid`. Where
   * copies of a request may come, `requestId` is the same in each: whom one of them added counts as accepted in all.
   */
  async add(
    mailingId: string,
    recipients: AsyncIterable<Recipient> | Iterable<Recipient>,
    correlationId: string,
    requestId?: string,
  ): Promise<AddedRecipients> {
    const mailing = await this.mailing(mailingId);
    const policyVersion = policyVersionOf(currentPolicy(this.policies, this.clock));
    const origin = { correlationId, policyVersion };
    const counts = { accepted: 0, duplicates: 0, invalid: 0, position: await this.store.head() };

    const addOne = async (recipient: Recipient, place: number) => {
      const address = addressOf(recipient);
      if (address === undefined) return void counts.invalid++;
      const contactId = this.contactIds.of(address);
      const delivery = {
        deliveryId: deliveryIdOf(mailingId, contactId),
        mailingId,
        contactId,
        purpose: mailing.purpose,
        template: mailing.template,
        language: recipient.language ?? mailing.language,
      };
      const position = await this.deliveries.request(
        delivery,
        { address, variables: recipient.variables ?? {} },
        requestId === undefined
          ? origin
          : { ...origin, eventId: deterministicId('delivery-requested', requestId, delivery.deliveryId, place) },
      );
      if (position === undefined) return void counts.duplicates++;
      counts.accepted++;
      counts.position = Math.max(counts.position, position);
    };

    let underWay: Promise<void>[] = [];
    let place = 0;
    try {
      for await (const recipient of recipients) {
        const adding = addOne(recipient, place++);
        // Its failure is thrown with the round it belongs to; until then, while the sender is slow, it is not unheard of.
        adding.catch(() => undefined);
        underWay.push(adding);
        if (underWay.length < IN_FLIGHT) continue;
        await Promise.all(underWay);
        underWay = [];
      }
    } finally {
      await Promise.allSettled(underWay);
    }
    await Promise.all(underWay);
    return counts;
  }

  private async mailing(mailingId: string): Promise<Mailing> {
    const [created] = await this.store.readStream(mailingStream(mailingId), { limit: 1 });
    if (created) return created.data as unknown as Mailing;
    throw new Problem('NOT_FOUND', 'There is no mailing with this id. Create it with POST /v1/mailings.');
  }
}

function addressOf({ address }: Recipient): string | undefined {
  try {
    return normaliseAddress(address);
  } catch (error) {
    if (error instanceof InvalidAddress) return undefined;
    throw error;
  }
}
