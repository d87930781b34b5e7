import { anna, by, createTestLedger, erase, optOut } from '@consent-ledger/testing';
import { describe, expect, it } from '@jest/globals';
import { LookUpContactQuery } from './look-up-contact.query.js';

describe('looking up a contact', () => {
  it('tells whether the service has heard of it, also after erasure', async () => {
    const ledger = await createTestLedger();
    const { contactId } = anna;
    const lookUp = () => ledger.ask(new LookUpContactQuery(contactId));
    expect(await lookUp()).toStrictEqual({ contactId, known: false });
    await ledger.execute(optOut(by(anna)));
    expect(await lookUp()).toStrictEqual({ contactId, known: true });
    await ledger.execute(erase(by(anna)));
    expect(await lookUp()).toStrictEqual({ contactId, known: true });
  });
});
