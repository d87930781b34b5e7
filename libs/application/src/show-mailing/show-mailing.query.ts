import type { Position } from '@consent-ledger/event-store';
import { Problem } from '@consent-ledger/platform';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { MailingProgress } from '../mailing-progress.js';

export interface MailingAnswer {
  readonly id: string;
  /** `open` until it has a recipient, `sending` while one is pending, then `completed`. */
  readonly state: 'open' | 'sending' | 'completed';
  readonly purpose: string;
  readonly template: string;
  readonly recipients: number;
  readonly sent: number;
  readonly suppressed: Readonly<Record<string, number>>;
  readonly failed: number;
  readonly pending: number;
  /** Handed over when the answer was lost: they may have been sent, and are not sent again. */
  readonly unknown: number;
}

/** How far a mailing is. Throws `NOT_FOUND`. */
export class ShowMailingQuery extends Query<MailingAnswer> {
  constructor(
    readonly mailingId: string,
    readonly minPosition?: Position,
  ) {
    super();
  }
}

@QueryHandler(ShowMailingQuery)
export class ShowMailingHandler implements IQueryHandler<ShowMailingQuery> {
  constructor(private readonly progress: MailingProgress) {}

  async execute({ mailingId, minPosition }: ShowMailingQuery): Promise<MailingAnswer> {
    await (minPosition === undefined ? this.progress.reachHead() : this.progress.reach(minPosition));
    const mailing = this.progress.view.mailing(mailingId);
    if (!mailing) throw new Problem('NOT_FOUND', 'There is no mailing with this id.');
    const { purpose, template, recipients, sent, suppressed, failed, pending, unknown } = mailing;
    const state = recipients === 0 ? 'open' : pending > 0 ? 'sending' : 'completed';
    return { id: mailingId, state, purpose, template, recipients, sent, suppressed, failed, pending, unknown };
  }
}
