import { toRfc3339 } from '@consent-ledger/platform';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { MailingProgress } from '../mailing-progress.js';

export interface DeliveryAnswer {
  readonly deliveryId: string;
  readonly mailingId: string;
  readonly purpose: string;
  readonly status: string;
  readonly reason: string | null;
  readonly updatedAt: string;
}

/** Every message that was meant for a contact, and what came of it: the way from a mail to the verdict behind it. */
export class DeliveriesQuery extends Query<readonly DeliveryAnswer[]> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(DeliveriesQuery)
export class DeliveriesHandler implements IQueryHandler<DeliveriesQuery> {
  constructor(private readonly progress: MailingProgress) {}

  execute({ contactId }: DeliveriesQuery) {
    const deliveries = this.progress.view.deliveriesOf(contactId);
    return Promise.resolve(
      deliveries.map(({ deliveryId, mailingId, purpose, status, reason, updatedAt }) => ({
        deliveryId,
        mailingId,
        purpose,
        status,
        reason: reason ?? null,
        updatedAt: toRfc3339(updatedAt),
      })),
    );
  }
}
