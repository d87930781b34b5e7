import type { Policy, PolicyHistory } from '@consent-ledger/consent';
import type { Language } from './language.js';

/**
 * What a purpose is called in a language: by the policy in force, or where that lacks it, by the last one that has it;
 * `undefined` where none ever had.
 */
export function purposeName(
  inForce: Policy,
  history: PolicyHistory,
  purpose: string,
  language: Language,
): string | undefined {
  const hasIt = (policy: Policy) => policy.purposes.has(purpose);
  const known = hasIt(inForce) ? inForce : history.findLast(({ policy }) => hasIt(policy))?.policy;
  return known?.document.purposes[purpose]?.name[language];
}

/** Names as a sentence lists them, each in quotes; `undefined` for none. */
export function listed(names: readonly string[], language: Language): string | undefined {
  return names.length === 0 ? undefined : new Intl.ListFormat(language).format(names.map((name) => `‘${name}’`));
}
