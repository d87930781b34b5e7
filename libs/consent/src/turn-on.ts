import { overtakes } from './confirm-opt-in.js';
import type { ContactEvent, ContactState } from './contact.js';
import { nothing, quoted, refuse, type Decision } from './decision.js';
import type { Instant } from './instant.js';
import { optIn } from './opt-in.js';
import type { Policy } from './policy.js';
import type { StatementName } from './statement.js';

export interface TurnOn {
  /** What the person switched on, of what a page showed as off. */
  readonly purposes: readonly string[];
  /** What was shown to the person. */
  readonly statement: StatementName;
  readonly occurredAt: Instant;
}

/**
 * Gives consent on the preference page (P3). A page may lie open, and its form be sent again, while the person chooses
 * elsewhere; `since` is what was recorded after the page was shown. What stopped mail since then is the later word of the
 * person, and is refused with `REQUEST_OVERTAKEN` (P4); what the person gave since then is not recorded again. A yes to
 * another text than the policy's is refused with `STATEMENT_NOT_CURRENT`. `state` is everything on record of the contact.
 */
export function turnOn(
  { state, since }: { readonly state: ContactState; readonly since: readonly ContactEvent[] },
  { purposes, statement, occurredAt }: TurnOn,
  policy: Policy,
): Decision {
  const { subscriptionStatement: current } = policy;
  if (current?.id !== statement.id || current.version !== statement.version)
    return refuse('STATEMENT_NOT_CURRENT', 'The page shows another statement by now. Show that one and ask anew.');

  const stopped = purposes.filter((purpose) => since.some((event) => overtakes(event, [purpose])));
  if (stopped.length > 0)
    return refuse(
      'REQUEST_OVERTAKEN',
      `Mail for ${quoted(stopped)} was stopped after the page was shown. Show how it stands and ask anew.`,
      stopped,
    );
  const wanted = purposes.filter((purpose) => !since.some((event) => gives(event, purpose)));
  if (wanted.length === 0) return nothing;
  const byHand = { confirmation: 'none', actOf: 'person', recorded: false } as const;
  return optIn(state, { purposes: wanted, statement, occurredAt, ...byHand }, policy);
}

function gives(event: ContactEvent, purpose: string): boolean {
  switch (event.type) {
    case 'OptedIn':
      return event.data.actOf === 'person' && event.data.purposes.includes(purpose);
    case 'OptInConfirmed':
    case 'ConsentRenewed':
      return event.data.purposes.includes(purpose);
    default:
      return false;
  }
}
