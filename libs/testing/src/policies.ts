import { compilePolicy, type Instant, type PolicyDocument, type PublishedPolicy } from '@consent-ledger/consent';
import { readPolicies } from '@consent-ledger/application';
import type { PolicyShelf } from '@consent-ledger/projections';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../../consent/policies/dnp-giftcard.yaml', import.meta.url));
const [document] = await readPolicies(file);

/** The policy that ships, as it is published: with the hash of each statement's text. */
export const shippedPolicy: PolicyDocument = document!;

/** The shipped policy ready to judge by; compiled once, because laying out a time zone takes its time. */
const shipped: PublishedPolicy = { policy: compilePolicy(shippedPolicy), publishedAt: 0 };

/** A shelf that a test may put more policies on. */
export interface GrowingShelf extends PolicyShelf {
  /** Publishes a policy, as if the service came to know it at `publishedAt`. Throws `RangeError` for a faulty one. */
  publish(document: PolicyDocument, publishedAt: Instant): void;
}

/** A shelf with the shipped policy on it, known since 1970. */
export function createGrowingShelf(): GrowingShelf {
  const others: PublishedPolicy[] = [];
  return {
    history: () => [shipped, ...others],
    find: (id, version) =>
      [shipped, ...others].find(({ policy }) => policy.id === id && policy.version === version)?.policy,
    publish: (document, publishedAt) => void others.push({ policy: compilePolicy(document), publishedAt }),
  };
}

/**
 * The next version of the shipped policy, in force from a moment (RFC 3339), with these parts changed. Where its statements
 * are, it asks nobody again, unless it says how.
 */
export function nextPolicy(inForceFrom: string, changes: Partial<PolicyDocument>): PolicyDocument {
  const { reconsent, ...shipped } = shippedPolicy;
  const next = { ...shipped, version: shipped.version + 1, inForceFrom, ...changes };
  return changes.statements || !reconsent ? next : { reconsent, ...next };
}

/** The purposes of the shipped policy without some of them. */
export function purposesWithout(...names: string[]): PolicyDocument['purposes'] {
  return Object.fromEntries(Object.entries(shippedPolicy.purposes).filter(([name]) => !names.includes(name)));
}
