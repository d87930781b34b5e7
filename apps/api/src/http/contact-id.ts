import { validationProblem } from '@consent-ledger/platform';
import { isContactId } from '@consent-ledger/privacy';

/** The contact id of a path. Throws the problem `VALIDATION` for what is none. */
export function requireContactId(contactId: string): string {
  if (isContactId(contactId)) return contactId;
  throw validationProblem([
    { field: 'contactId', message: 'must be a contact id, as POST /v1/contacts/lookup gives it' },
  ]);
}
