import type { Instant } from '@consent-ledger/consent';

/** When time alone changes the verdicts of which contacts, for a stretch of time that is near: kept in memory, by the second. */
export class TurningPoints {
  readonly #contacts = new Map<number, Set<string>>();
  #first = Number.POSITIVE_INFINITY;

  /** A contact may be noted more than once: it is looked at each time, which changes nothing. */
  add(contactId: string, at: Instant): void {
    const second = Math.ceil(at / 1000);
    const contacts = this.#contacts.get(second);
    if (contacts) contacts.add(contactId);
    else this.#contacts.set(second, new Set([contactId]));
    this.#first = Math.min(this.#first, second);
  }

  /** Takes out the contacts whose verdicts have changed by the full second that `now` lies in. */
  takeDue(now: Instant): string[] {
    const second = Math.floor(now / 1000);
    if (second < this.#first) return [];
    const due = [...this.#contacts].filter(([at]) => at <= second);
    for (const [at] of due) this.#contacts.delete(at);
    this.#first = Math.min(Number.POSITIVE_INFINITY, ...this.#contacts.keys());
    return [...new Set(due.flatMap(([, contacts]) => [...contacts]))];
  }
}
