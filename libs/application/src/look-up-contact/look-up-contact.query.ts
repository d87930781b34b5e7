import { NO_STREAM } from '@consent-ledger/event-store';
import { Query, QueryHandler, type IQueryHandler } from '@nestjs/cqrs';
import { ContactRepository } from '../contact/contact-repository.js';

/** Whether the service has heard of a contact. */
export class LookUpContactQuery extends Query<{ readonly contactId: string; readonly known: boolean }> {
  constructor(readonly contactId: string) {
    super();
  }
}

@QueryHandler(LookUpContactQuery)
export class LookUpContactHandler implements IQueryHandler<LookUpContactQuery> {
  constructor(private readonly contacts: ContactRepository) {}

  async execute({ contactId }: LookUpContactQuery) {
    const { revision } = await this.contacts.load(contactId);
    return { contactId, known: revision !== NO_STREAM };
  }
}
