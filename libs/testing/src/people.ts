import { createContactIds } from '@consent-ledger/privacy';

/** The contact ids of every test ledger: one pepper, so that a person is the same contact in all of them. */
export const contactIds = createContactIds(Buffer.alloc(32, 'pepper'));

/** Somebody whom the service may know. */
export interface Person {
  /** In normal form. */
  readonly address: string;
  readonly contactId: string;
}

/** Somebody with an address of their own under example.org. */
export function person(name: string): Person {
  const address = `${name}@example.org`;
  return { address, contactId: contactIds.of(address) };
}

export const anna = person('anna');
export const bram = person('bram');
