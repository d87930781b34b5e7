import { Problem } from '@consent-ledger/platform';

/** The problem of whoever lost to other writers of one contact too often. */
export function stillContended(): Problem {
  return new Problem('CONFLICT', 'Others keep writing to this contact. Send the request again.');
}
