import { carryOver, rectifyAddress } from '@consent-ledger/consent';
import { Problem } from '@consent-ledger/platform';
import { Injectable } from '@nestjs/common';
import { stillContended } from '../contact/contention.js';
import { ContactRepository } from '../contact/contact-repository.js';
import type { Fact, Recorded } from '../contact/fact.js';

/** The contact of an address, and the address in normal form. */
export interface NamedAddress {
  readonly contactId: string;
  readonly address: string;
}

const ATTEMPTS = 8;

/** Puts another address in the place of a contact's: both histories stay, and are linked (P9). */
@Injectable()
export class RectifyAddress {
  constructor(private readonly contacts: ContactRepository) {}

  /**
   * What stands against mail is at the new address before the old one is left, and everything that is recorded of the old
   * one by then is taken along: a fact that comes between makes it begin again. Throws the problem `CONFLICT`.
   */
  async rectify(fact: Fact, to: NamedAddress): Promise<Recorded> {
    if (to.contactId === fact.contactId) throw sameAddress();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const old = await this.contacts.load(fact.contactId);
      await this.contacts.record({ ...fact, ...to }, ({ state }) => carryOver(old, state, { adopted: true }), {
        request: { command: 'carry-over', from: old.contactId },
      });
      try {
        const leave = { ...fact, expectedRevision: old.revision };
        return await this.contacts.record(leave, ({ state }) => rectifyAddress(state, { to: to.contactId }), {
          request: { command: 'rectify-address', to: to.contactId },
        });
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'PRECONDITION_FAILED') throw error;
      }
    }
    throw stillContended();
  }
}

function sameAddress(): Problem {
  return new Problem('VALIDATION', 'Name another address than the one on record.', [
    { field: 'address', message: 'is the address that this contact has' },
  ]);
}
