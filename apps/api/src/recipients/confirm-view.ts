import type { OptInRequestAnswer } from '@consent-ledger/application';
import type { Policy, PolicyHistory } from '@consent-ledger/consent';
import type { Language } from './language.js';
import { purposeName } from './purpose-names.js';

/** What a confirmation is about, as the page names it. */
export interface ConfirmationView {
  readonly purposes: readonly { readonly name: string; readonly description: string | undefined }[];
  /** The text that was shown when it was asked for, in the language in which it was. */
  readonly statement: { readonly text: string; readonly language: string } | undefined;
}

/** Makes what waits for its confirmation ready for its page, in the page's language. */
export function confirmationView(
  { purposes, statement }: OptInRequestAnswer,
  inForce: Policy,
  history: PolicyHistory,
  language: Language,
): ConfirmationView {
  return {
    purposes: purposes.map((purpose) => ({
      name: purposeName(inForce, history, purpose, language) ?? purpose,
      description: inForce.document.purposes[purpose]?.description[language],
    })),
    statement: shownThen(statement, history),
  };
}

/** Known by its hash: no other text is ever shown in place of the one that was (P3). */
function shownThen({ hash, language }: OptInRequestAnswer['statement'], history: PolicyHistory) {
  for (const { policy } of history)
    for (const { hashes, texts } of policy.document.statements)
      if (hashes[language] === hash) return { text: texts[language]!, language };
  return undefined;
}
