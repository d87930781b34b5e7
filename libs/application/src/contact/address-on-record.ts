import type { Logger } from '@consent-ledger/platform';
import { KeyMissing, SealBroken, type EventPlace, type PersonalData } from '@consent-ledger/privacy';
import { Inject, Injectable } from '@nestjs/common';
import { LOGGER, PERSONAL_DATA } from '../ports.js';
import type { Contact } from './load-contact.js';

/** Finds where a contact is reached, for the messages that the service sends of itself. */
@Injectable()
export class AddressOnRecord {
  constructor(
    @Inject(PERSONAL_DATA) private readonly personalData: PersonalData,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The latest address on record that can still be unsealed; `undefined` where there is none. */
  async find({ contactId, recorded }: Contact): Promise<string | undefined> {
    for (const { streamId, id, data } of recorded.toReversed()) {
      const { sealed } = data;
      if (typeof sealed !== 'string') continue;
      const address = await this.addressIn(contactId, { streamId, eventId: id }, sealed);
      if (address !== undefined) return address;
    }
    return undefined;
  }

  private async addressIn(contactId: string, place: EventPlace, sealed: string): Promise<string | undefined> {
    try {
      const personal = await this.personalData.open(contactId, place, sealed);
      if (personal === 'erased' || typeof personal['address'] !== 'string') return undefined;
      return personal['address'];
    } catch (error) {
      if (!(error instanceof KeyMissing) && !(error instanceof SealBroken)) throw error;
      this.logger.error('What was sealed with an event cannot be unsealed', { error });
      return undefined;
    }
  }
}
