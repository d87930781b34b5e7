import {
  eventsKnown,
  foldContact,
  NEVER,
  policyInForce,
  type ContactEvent,
  type ContactState,
  type Decision,
  type Instant,
  type Policy,
  type PolicyHistory,
  type Recording,
} from '@consent-ledger/consent';
import type { DecisionContext } from './fact.js';
import type { Contact } from './load-contact.js';
import type { Moments } from './occurrence.js';
import { refusalProblem } from './refusal-problem.js';

/** What a decision has recorded of a contact. Throws the `Problem` that a refusal is told as. */
export function decideOn(
  contact: Contact,
  { now, toldAt }: Moments,
  decide: (context: DecisionContext) => Decision,
  history: PolicyHistory,
): Recording {
  const decision = decide(new Context(contact, policyInForce(history, toldAt, now), toldAt));
  if ('refused' in decision) throw refusalProblem(decision.refused);
  return decision;
}

/** A contact as a decision looks at it. */
class Context implements DecisionContext {
  readonly events: readonly ContactEvent[];

  constructor(
    private readonly contact: Contact,
    readonly policy: Policy,
    readonly occurredAt: Instant,
  ) {
    this.events = contact.events;
  }

  get state(): ContactState {
    return this.contact.state;
  }

  get stateThen(): ContactState {
    return foldContact(eventsKnown(this.events, this.occurredAt, NEVER));
  }
}
