import type { StatementDocument, StatementName } from '@consent-ledger/consent';
import type { Language } from './language.js';

/** A statement as a page shows it, and as its form names it when it is sent back. */
export type StatementView = StatementName & { readonly text: string };

/** The statement in the page's language, or in its first where it is not there in that one. */
export function statementShownIn({ id, version, texts }: StatementDocument, wanted: Language): StatementView {
  const language = Object.hasOwn(texts, wanted) ? wanted : Object.keys(texts)[0]!;
  return { id, version, language, text: texts[language]! };
}

const WHOLE_NUMBER = /^\d{1,15}$/;

/** The statement that the page of this form showed; `undefined` when the form does not say. */
export function statementIn(fields: Readonly<Record<string, unknown>>): StatementName | undefined {
  const { statement: id, version, language } = fields;
  if (typeof id !== 'string' || typeof version !== 'string' || typeof language !== 'string') return undefined;
  return WHOLE_NUMBER.test(version) ? { id, version: Number(version), language } : undefined;
}
