import type { PolicyHistory } from '@consent-ledger/consent';
import type { Language } from './language.js';

/** What a purpose is called in a language, in the last policy that has it; `undefined` where none ever had. */
export function purposeName(history: PolicyHistory, purpose: string, language: Language): string | undefined {
  const known = history.findLast(({ policy }) => policy.purposes.has(purpose));
  return known?.policy.document.purposes[purpose]?.name[language];
}

/** Names as a sentence lists them; `undefined` for none. */
export function listed(names: readonly string[], language: Language): string | undefined {
  return names.length === 0 ? undefined : new Intl.ListFormat(language).format(names);
}
