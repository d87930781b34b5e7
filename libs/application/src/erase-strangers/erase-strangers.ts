import { momentFor, policyInForce, retentionOf, strangerRetentionEnd } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { KeyVault } from '@consent-ledger/privacy';
import type { Addressee, PolicyShelf } from '@consent-ledger/projections';
import { Inject, Injectable } from '@nestjs/common';
import { ContactRepository } from '../contact/contact-repository.js';
import { MailingProgress } from '../mailing-progress.js';
import { CLOCK, KEY_VAULT, POLICIES } from '../ports.js';

/** How far a sweep is: how many keys it destroyed, and after whom it goes on; `next` is absent at the end. */
export interface Swept {
  readonly destroyed: number;
  readonly next?: string;
}

/**
 * Destroys the keys of people who are not on record, once nothing holds the addresses that were sealed for messages to them
 * (P7). No event says so in the stream of the contact: whoever was only written to is a stranger still, who may get service
 * mail (P1), and an erasure would say otherwise.
 */
@Injectable()
export class EraseStrangers {
  constructor(
    private readonly contacts: ContactRepository,
    private readonly progress: MailingProgress,
    @Inject(KEY_VAULT) private readonly vault: KeyVault,
    @Inject(POLICIES) private readonly policies: PolicyShelf,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Looks at the next `limit` people that messages were meant for, in the order of their ids, after the one named. */
  async sweep(after: string | undefined, limit = 500): Promise<Swept> {
    await this.progress.reachHead();
    const page = this.progress.view.addressees(after, limit);
    const outcomes = await Promise.all(page.map((addressee) => this.eraseIfEnded(addressee)));
    const last = page.at(-1);
    return {
      destroyed: outcomes.filter(Boolean).length,
      ...(last && page.length === limit && { next: last.contactId }),
    };
  }

  private async eraseIfEnded(addressee: Addressee): Promise<boolean> {
    const { contactId } = addressee;
    if (!this.hasEnded(addressee)) return false;
    const key = await this.vault.find(contactId);
    if (!key || (await this.isOnRecord(contactId))) return false;
    return (await this.vault.destroy(contactId, key.id)).destroyed;
  }

  private hasEnded({ waiting, lastSentAt, lastChangedAt }: Addressee): boolean {
    const now = this.clock.now();
    const mail = { waiting, lastSettledAt: lastChangedAt, ...(lastSentAt !== null && { lastSentAt }) };
    const end = strangerRetentionEnd(mail, policyInForce(this.policies.history(), now, now));
    return end !== undefined && end <= now;
  }

  /** Whether anything of the contact's own holds their data; of somebody who was erased and did not come back nothing does. */
  private async isOnRecord(contactId: string): Promise<boolean> {
    const { state } = await this.contacts.load(contactId);
    const at = momentFor(state, this.clock.now());
    return retentionOf(state, policyInForce(this.policies.history(), at, at)).grounds.length > 0;
  }
}
