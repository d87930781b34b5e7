import { toRfc3339 } from '@consent-ledger/platform';
import type { PolicyShelf, PublishedDocument } from '@consent-ledger/projections';
import { Inject } from '@nestjs/common';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { POLICIES } from '../ports.js';

export interface PublishedPolicyAnswer {
  readonly id: string;
  readonly version: number;
  readonly inForceFrom: string;
  readonly publishedAt: string;
  /** In force from before its publication. */
  readonly forced?: true;
  readonly reason?: string;
}

/** Every policy that was published, in the order in which they come into force. */
export class ShowPoliciesQuery extends Query<readonly PublishedPolicyAnswer[]> {}

@QueryHandler(ShowPoliciesQuery)
export class ShowPoliciesHandler implements IQueryHandler<ShowPoliciesQuery> {
  constructor(@Inject(POLICIES) private readonly policies: PolicyShelf) {}

  execute() {
    const published = [...this.policies.history()].sort((a, b) => a.policy.inForceFrom - b.policy.inForceFrom);
    return Promise.resolve(
      published.map(({ policy, ...publication }) => publicationAnswer({ document: policy.document, ...publication })),
    );
  }
}

/** A publication as it is told. */
export function publicationAnswer({ document, publishedAt, forced, reason }: PublishedDocument): PublishedPolicyAnswer {
  return {
    id: document.id,
    version: document.version,
    inForceFrom: toRfc3339(Date.parse(document.inForceFrom)),
    publishedAt: toRfc3339(publishedAt),
    ...(forced && { forced }),
    ...(reason !== undefined && { reason }),
  };
}
