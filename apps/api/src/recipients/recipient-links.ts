import { CLOCK, LINKS } from '@consent-ledger/application';
import type { ClaimsOf, LinkKind, Links } from '@consent-ledger/links';
import { Problem, type Clock } from '@consent-ledger/platform';
import { Inject, Injectable } from '@nestjs/common';

/** The links by which recipients reach their pages: the link is the whole authority. */
@Injectable()
export class RecipientLinks {
  constructor(
    @Inject(LINKS) private readonly links: Links,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** What a link says. Throws a problem, which is told as the page of damaged links, for any that is not valid now. */
  async claimsOf<K extends LinkKind>(kind: K, token: string): Promise<ClaimsOf<K>> {
    const { claims, hasExpired } = await this.claimsEvenLate(kind, token);
    if (hasExpired) throw damagedLink();
    return claims;
  }

  /** What a link says, also one that has expired. Throws as `claimsOf` does for any other that is not valid. */
  async claimsEvenLate<K extends LinkKind>(
    kind: K,
    token: string,
  ): Promise<{ readonly claims: ClaimsOf<K>; readonly hasExpired: boolean }> {
    const link = await this.links.verify(kind, token, this.clock.now());
    if (!link.ok && link.reason !== 'expired') throw damagedLink();
    return { claims: link.claims, hasExpired: !link.ok };
  }
}

/** A link that was not signed here as it stands: it says nothing. */
export function damagedLink(): Problem {
  return new Problem('VALIDATION', 'This link is damaged. Use the whole link, as it stands in the mail.');
}

/** A link that is authentic, and about something of which nothing is on record. */
export function deadLink(): Problem {
  return new Problem('NOT_FOUND', 'Nothing is on record of what this link is about.');
}
