import type { StatementReference } from './contact.js';
import { quoted, refuse, type Refusal } from './decision.js';
import type { Policy } from './policy.js';

/** A statement as a caller names it: what was shown, in which language. */
export type StatementName = Omit<StatementReference, 'hash'>;

/**
 * The statement that was shown to a person who consents to `purposes`, with the hash of its text (P3), or the refusal:
 * `UNKNOWN_STATEMENT` where the policy lacks it, `STATEMENT_DOES_NOT_COVER` where it is about other purposes.
 */
export function statementShown(
  policy: Policy,
  name: StatementName,
  purposes: readonly string[],
): { readonly reference: StatementReference } | { readonly refused: Refusal } {
  const { id, version, language } = name;
  const statement = policy.document.statements.find((known) => known.id === id && known.version === version);
  const hash = statement && Object.hasOwn(statement.hashes, language) && statement.hashes[language];
  if (!statement || !hash) return refuse('UNKNOWN_STATEMENT', unknownStatement(policy, name));

  const uncovered = purposes.filter((purpose) => !statement.covers.includes(purpose));
  if (uncovered.length > 0)
    return refuse(
      'STATEMENT_DOES_NOT_COVER',
      `Statement "${id}" version ${version} does not cover ${quoted(uncovered)}.`,
      uncovered,
    );
  return { reference: { id, version, language, hash } };
}

function unknownStatement(policy: Policy, { id, version, language }: StatementName): string {
  const known = policy.document.statements.map(
    (statement) => `"${statement.id}" version ${statement.version} (${Object.keys(statement.texts).join(', ')})`,
  );
  return `The policy has no statement "${id}" version ${version} in "${language}"; it has: ${known.join('; ')}.`;
}
