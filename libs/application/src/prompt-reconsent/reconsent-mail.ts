import { policyVersionOf, type ContactEvent, type Policy } from '@consent-ledger/consent';
import type { EventStore } from '@consent-ledger/event-store';
import { deterministicId, newId, type Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { AddressOnRecord } from '../contact/address-on-record.js';
import { loadContact } from '../contact/load-contact.js';
import { currentPolicy } from '../current-policy.js';
import { RECONSENT } from '../deliver/delivery.js';
import { DeliveryRepository } from '../deliver/delivery-repository.js';
import { CLOCK, EVENT_STORE, POLICIES } from '../ports.js';

export interface ReconsentMailRequest {
  readonly contactId: string;
  /** The id of the `ReconsentPrompted` event, on record or about to be. */
  readonly promptId: string;
  readonly purposes: readonly string[];
  /** Whether this reminds of a prompt that was sent before. */
  readonly reminder: boolean;
}

/**
 * Asks for the mail that puts a re-consent prompt to the person, or reminds of it (P5). Ask before the prompt is put on
 * record: the mailer holds the message until it is, so that a crash between the two loses neither.
 */
@Injectable()
export class ReconsentMail {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly deliveries: DeliveryRepository,
    private readonly addresses: AddressOnRecord,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** One mail for each prompt and one for its reminder, however often it is asked for. */
  async request(wanted: ReconsentMailRequest): Promise<'requested' | 'no-address'> {
    const { contactId, promptId, purposes, reminder } = wanted;
    const contact = await loadContact(this.store, contactId);
    const address = await this.addresses.find(contact);
    if (address === undefined) return 'no-address';

    const promptMail = deterministicId('delivery', RECONSENT, promptId);
    const policy = currentPolicy(this.policies, this.clock);
    await this.deliveries.request(
      {
        deliveryId: reminder ? deterministicId('delivery', RECONSENT, promptId, 'reminder') : promptMail,
        mailingId: RECONSENT,
        contactId,
        purpose: 'reconsent',
        template: reminder ? 'reconsent-reminder' : 'reconsent',
        language: languageFor(contact.events, policy),
        promptId,
        requestedPurposes: purposes,
        ...(reminder && { remindsOf: promptMail }),
      },
      { address, variables: {} },
      { correlationId: newId(), policyVersion: policyVersionOf(policy) },
    );
    return 'requested';
  }
}

/** The language that the person last agreed in, where the policy can ask in it; else the first that it can ask in. */
function languageFor(events: readonly ContactEvent[], { document, renewalStatement }: Policy): string {
  const languages = Object.keys(renewalStatement?.texts ?? document.statements[0]?.texts ?? {});
  const agreed = events
    .filter((event) => event.type === 'OptedIn' || event.type === 'OptInConfirmed' || event.type === 'ConsentRenewed')
    .toSorted((a, b) => b.occurredAt - a.occurredAt)
    .map(({ data }) => data.statement.language)
    .find((language) => languages.includes(language));
  return agreed ?? languages[0] ?? 'en';
}
