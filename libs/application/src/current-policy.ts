import { policyInForce, type Policy } from '@consent-ledger/consent';
import type { Clock } from '@consent-ledger/platform';
import type { PolicyShelf } from '@consent-ledger/projections';

/** The policy that is in force now, of those that are known now (law 3). */
export function currentPolicy(policies: PolicyShelf, clock: Clock): Policy {
  const now = clock.now();
  return policyInForce(policies.history(), now, now);
}
