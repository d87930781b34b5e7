import { policyInForce, policyVersionOf, waitAfterMails, type Instant } from '@consent-ledger/consent';
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

/** Within this time, in milliseconds, asking again is the same request, whatever came of the first. */
const SAME_REQUEST = waitAfterMails(1);
/** The most requests that are kept of an address in a day, also where none leads to a mail. */
const MOST_A_DAY = 8;
/** For how many days a mail makes the next one wait longer. */
const DAYS_REMEMBERED = 7;
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
   * The ids follow from contact and day alone: of those who ask at the same moment, in whatever process, one gets it. What
   * was kept back was no mail, and makes nobody wait: not who is on record only since.
   */
  private async nextDelivery(contactId: string, now: Instant): Promise<string | undefined> {
    const today = Math.floor(now / DAY);
    const days = Array.from({ length: DAYS_REMEMBERED }, (_, ago) => deliveriesOf(contactId, today - ago));
    const requests = await this.deliveries.requestsAmong(days.flat());
    const all = [...requests.values()].filter(({ at }) => now - at < DAYS_REMEMBERED * DAY);
    const mails = all.filter(({ isSuppressed }) => !isSuppressed);
    const next = Math.max(latest(all) + SAME_REQUEST, latest(mails) + waitAfterMails(mails.length));
    return now < next ? undefined : days[0]!.find((deliveryId) => !requests.has(deliveryId));
  }
}

function deliveriesOf(contactId: string, day: number): string[] {
  return Array.from({ length: MOST_A_DAY }, (_, nth) =>
    deterministicId('delivery', PREFERENCE_LINKS, contactId, day, nth),
  );
}

function latest(requests: readonly { readonly at: Instant }[]): Instant {
  return Math.max(Number.NEGATIVE_INFINITY, ...requests.map(({ at }) => at));
}
