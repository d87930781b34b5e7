import { standingRectification, type ContactEvent } from '@consent-ledger/consent';
import { Injectable } from '@nestjs/common';
import { ContactRepository } from './contact-repository.js';
import type { Contact } from './load-contact.js';

/** The histories of one person under the addresses that replaced each other (P9). */
@Injectable()
export class LinkedContacts {
  constructor(private readonly contacts: ContactRepository) {}

  /**
   * The contact, then those whose address it replaced or that replaced it. An address under which somebody opted in after
   * it was rectified may be another's by now: it is left out.
   */
  async of(contactId: string): Promise<readonly Contact[]> {
    const found = new Map<string, Contact>([[contactId, await this.contacts.load(contactId)]]);
    for (const contact of found.values())
      for (const other of await this.besides(contact))
        if (!found.has(other.contactId)) found.set(other.contactId, other);
    return [...found.values()];
  }

  private async besides({ contactId, events, state }: Contact): Promise<Contact[]> {
    const before = await Promise.all(originsIn(events).map((origin) => this.contacts.load(origin)));
    const replaced = before.filter((origin) => replacementOf(origin) === contactId);
    const after = replacementOf({ state });
    return after === undefined ? replaced : [...replaced, await this.contacts.load(after)];
  }
}

/** The contact at which the person is reached instead of this one, while nobody opted in under it since. */
export function replacementOf({ state }: Pick<Contact, 'state'>): string | undefined {
  return standingRectification(state)?.to;
}

function originsIn(events: readonly ContactEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === 'PreferencesCarriedOver' && event.data.adopted ? [event.data.from] : [],
  );
}
