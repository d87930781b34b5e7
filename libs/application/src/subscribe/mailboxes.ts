import type { Instant } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import { mailboxOf, type ContactIds } from '@consent-ledger/privacy';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, CONTACT_IDS } from '../ports.js';

/** How many addresses of one mailbox may be entered in a day. */
const MOST_ADDRESSES = 3;
const DAY = 24 * 60 * 60_000;
/** Of mailboxes; the one that was entered first is forgotten first. */
const MOST_REMEMBERED = 10_000;

/**
 * Bounds the addresses that lead to one mailbox: each is a contact of its own, with waits of its own, and anybody can make
 * up more. Remembered in memory and by keyed hash: another process counts for itself, and a restart forgets.
 */
@Injectable()
export class Mailboxes {
  private readonly entered = new Map<string, { readonly since: Instant; readonly addresses: Set<string> }>();

  constructor(
    @Inject(CONTACT_IDS) private readonly contactIds: ContactIds,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Whether a mail may be asked for to this address in normal form: it was entered before, or few others of its mailbox were. */
  admits(address: string): boolean {
    const { addresses } = this.dayOf(this.contactIds.of(mailboxOf(address)));
    const contactId = this.contactIds.of(address);
    if (addresses.size < MOST_ADDRESSES) addresses.add(contactId);
    return addresses.has(contactId);
  }

  private dayOf(mailbox: string) {
    const now = this.clock.now();
    const last = this.entered.get(mailbox);
    if (last && now < last.since + DAY) return last;
    const day = { since: now, addresses: new Set<string>() };
    this.entered.delete(mailbox);
    this.entered.set(mailbox, day);
    if (this.entered.size > MOST_REMEMBERED) this.entered.delete(this.entered.keys().next().value!);
    return day;
  }
}
