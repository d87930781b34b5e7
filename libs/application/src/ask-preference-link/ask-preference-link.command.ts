import { policyInForce, policyVersionOf, type Instant } from '@consent-ledger/consent';
import { deterministicId, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { PREFERENCE_LINKS } from '../deliver/delivery.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { CLOCK, POLICIES } from '../ports.js';

export interface PreferenceLinkRequest {
  readonly contactId: string;
  /** The language of the mail. */
  readonly language: string;
  readonly correlationId: string;
}

/**
 * Asks for a mail with a link to the preference page. Anybody may ask for anybody: nothing is looked up but earlier requests,
 * nothing is kept of the address, and the mailer finds out whether there is somebody to write to.
 */
export class AskPreferenceLinkCommand extends Command<void> {
  constructor(readonly request: PreferenceLinkRequest) {
    super();
  }
}

/** Within this time, in milliseconds, asking again is the same request. */
const SAME_REQUEST = 15 * 60_000;
/** The most mails to one address in any day, however many ask for them. */
const MOST_A_DAY = 4;
const DAY = 24 * 60 * 60_000;

@CommandHandler(AskPreferenceLinkCommand)
export class AskPreferenceLinkHandler implements ICommandHandler<AskPreferenceLinkCommand> {
  constructor(
    private readonly deliveries: DeliveryRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async execute({ request: { contactId, language, correlationId } }: AskPreferenceLinkCommand): Promise<void> {
    const now = this.clock.now();
    const deliveryId = await this.nextDelivery(contactId, now);
    if (deliveryId === undefined) return;
    const policy = policyInForce(this.policies.history(), now, now);
    await this.deliveries.request(
      {
        deliveryId,
        mailingId: PREFERENCE_LINKS,
        contactId,
        purpose: 'preferences',
        template: 'preference-link',
        language,
      },
      undefined,
      { correlationId, policyVersion: policyVersionOf(policy) },
    );
  }

  /**
   * The next of the few deliveries that a contact has in a day; `undefined` while an earlier one counts for this request too.
   * The ids follow from contact and day alone: of those who ask at the same moment, in whatever process, one gets it.
   */
  private async nextDelivery(contactId: string, now: Instant): Promise<string | undefined> {
    const today = Math.floor(now / DAY);
    const [earlier, own] = await Promise.all([this.requests(contactId, today - 1), this.requests(contactId, today)]);
    const ages = [...earlier, ...own].flatMap(({ at }) => (at === undefined ? [] : [now - at]));
    if (ages.some((age) => age < SAME_REQUEST) || ages.filter((age) => age < DAY).length >= MOST_A_DAY)
      return undefined;
    return own.find(({ at }) => at === undefined)?.deliveryId;
  }

  private requests(contactId: string, day: number) {
    const ids = Array.from({ length: MOST_A_DAY }, (_, nth) =>
      deterministicId('delivery', PREFERENCE_LINKS, contactId, day, nth),
    );
    return Promise.all(
      ids.map(async (deliveryId) => ({ deliveryId, at: await this.deliveries.requestedAt(deliveryId) })),
    );
  }
}
