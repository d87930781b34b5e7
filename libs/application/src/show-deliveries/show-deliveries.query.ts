import type { JsonObject } from '@consent-ledger/event-store';
import { toRfc3339 } from '@consent-ledger/platform';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { DeliveryRepository, type DeliveryHistory } from '../deliver/delivery-repository.js';
import { MailingProgress } from '../mailing-progress.js';

export interface DeliveryAnswer {
  readonly deliveryId: string;
  readonly mailingId: string;
  readonly purpose: string;
  /** What it is made of, with the version where that was published. */
  readonly template: string;
  readonly status: string;
  readonly reason: string | null;
  readonly updatedAt: string;
  /** The verdict that was taken last, at the moment of sending, as it was recorded then; `null` while there is none. */
  readonly verdict: JsonObject | null;
}

/** Every message that was meant for a contact, and what came of it: the way from a mail to the verdict behind it. */
export class DeliveriesQuery extends Query<readonly DeliveryAnswer[]> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(DeliveriesQuery)
export class DeliveriesHandler implements IQueryHandler<DeliveriesQuery> {
  constructor(
    private readonly progress: MailingProgress,
    private readonly deliveries: DeliveryRepository,
  ) {}

  async execute({ contactId }: DeliveriesQuery) {
    await this.progress.reachHead();
    const answers: DeliveryAnswer[] = [];
    for (const { deliveryId, mailingId, purpose, status, reason, updatedAt } of this.progress.view.deliveriesOf(
      contactId,
    )) {
      const history = await this.deliveries.load(deliveryId);
      const verdict = lastVerdict(history);
      const { template } = history!.delivery;
      answers.push({
        deliveryId,
        mailingId,
        purpose,
        template,
        status,
        reason,
        updatedAt: toRfc3339(updatedAt),
        verdict,
      });
    }
    return answers;
  }
}

function lastVerdict(history: DeliveryHistory | undefined): JsonObject | null {
  const verdicts = history?.events.flatMap(({ data }) => (data['verdict'] === undefined ? [] : [data['verdict']]));
  return (verdicts?.at(-1) as JsonObject | undefined) ?? null;
}
