import type { ContactState } from './contact.js';
import { nothing, quoted, record, refuse, refusePurposes, repeats, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import type { Policy } from './policy.js';
import { questionStanding } from './reconsent.js';
import { statementShown, type StatementName } from './statement.js';

export interface RenewConsent {
  readonly purposes: readonly string[];
  /** What was shown to the person. */
  readonly statement: StatementName;
  readonly occurredAt: Instant;
}

/**
 * Renews consent from this moment on, with the statement shown (P5). Only consent that is valid can be renewed: what was
 * opted out of, complained about, lapsed or erased is refused with `NOT_RENEWABLE`, and the person must opt in anew; a yes
 * to another text than the policy asks on with `STATEMENT_NOT_CURRENT`, and the person must be asked anew. A second yes to
 * one question is not recorded. `state` is everything on record of the contact.
 */
export function renewConsent(
  state: ContactState,
  { purposes, statement, occurredAt }: RenewConsent,
  policy: Policy,
): Decision {
  const refused = refusePurposes(policy, purposes);
  if (refused) return refused;
  const shown = statementShown(policy, statement, purposes);
  if ('refused' in shown) return shown;

  const asked = [...new Set(purposes)].map((name) => ({
    name,
    standing: questionStanding(state, policy, name, occurredAt),
  }));
  const ended = asked.filter(({ standing }) => standing === 'stopped' || standing === 'ended').map(({ name }) => name);
  if (ended.length > 0)
    return refuse(
      'NOT_RENEWABLE',
      `There is no consent for ${quoted(ended)} to renew: it has ended. Only a new opt-in by the person gives it again.`,
      ended,
    );

  const renewed = asked
    .filter(({ name, standing }) => standing === 'open' && !isRepeated(state, name, occurredAt, policy))
    .map(({ name }) => name);
  if (renewed.length === 0) return nothing;
  if (!isAskedOn(policy, statement)) return refuse('STATEMENT_NOT_CURRENT', notAskedOn(policy, statement));
  return record({ type: 'ConsentRenewed', data: { purposes: renewed, statement: shown.reference } });
}

/** P3: what is recorded is what was on the screen, and the screen shows no statement but this one. */
function isAskedOn({ renewalStatement }: Policy, { id, version }: StatementName): boolean {
  return renewalStatement?.id === id && renewalStatement.version === version;
}

function notAskedOn({ renewalStatement }: Policy, { id, version }: StatementName): string {
  const said = `The yes was to statement "${id}" version ${version}, and the policy asks`;
  if (!renewalStatement) return `${said} nobody again: it names no statement for it.`;
  return `${said} on "${renewalStatement.id}" version ${renewalStatement.version}. Show that one and ask anew.`;
}

/** A yes that no prompt asked for has only its time to be told by. */
function isRepeated({ given }: ContactState, name: string, occurredAt: Instant, policy: Policy): boolean {
  const act = given[name];
  return act?.type === 'ConsentRenewed' && repeats(act, occurredAt, policy);
}
