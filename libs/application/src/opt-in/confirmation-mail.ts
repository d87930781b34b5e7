import { policyInForce, policyVersionOf, type Instant, type WaitingSubscription } from '@consent-ledger/consent';
import { deterministicId, Problem, toRfc3339, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import type { Fact, Recorded } from '../contact/fact.js';
import { CONFIRMATIONS } from '../deliver/delivery.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { CLOCK, POLICIES } from '../ports.js';

/** Asks for the mail by which a person confirms an opt-in (double opt-in), before the opt-in is acknowledged. */
@Injectable()
export class ConfirmationMail {
  constructor(
    private readonly deliveries: DeliveryRepository,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Throws `ADDRESS_NEEDED` when there is no address to send it to. */
  requireAddress({ address }: Fact): void {
    if (address !== undefined) return;
    throw new Problem('ADDRESS_NEEDED', 'A double opt-in sends a mail: give the address, not only the contactId.', [
      { field: 'address', message: 'is needed with confirmation "double"' },
    ]);
  }

  /** One mail for each request, however often it is asked for. */
  async request(fact: Fact, { recorded }: Recorded, purposes: readonly string[], language: string): Promise<void> {
    for (const { eventId: requestId } of recorded) await this.requestFor(fact, { requestId, purposes, language });
  }

  /** The mail of one request; with `mailAt` it does not go out before that instant. */
  async requestFor(
    fact: Fact,
    { requestId, purposes, language, mailAt }: Omit<WaitingSubscription, 'mailAt'> & { readonly mailAt?: Instant },
  ): Promise<void> {
    const now = this.clock.now();
    const policy = policyInForce(this.policies.history(), now, now);
    await this.deliveries.request(
      {
        deliveryId: deterministicId('delivery', CONFIRMATIONS, requestId),
        mailingId: CONFIRMATIONS,
        contactId: fact.contactId,
        purpose: 'confirmation',
        template: 'confirm-opt-in',
        language,
        requestId,
        requestedPurposes: purposes,
        ...(mailAt !== undefined && mailAt > now && { notBefore: toRfc3339(mailAt) }),
      },
      { address: fact.address!, variables: {} },
      { correlationId: fact.correlationId, policyVersion: policyVersionOf(policy) },
    );
  }
}
