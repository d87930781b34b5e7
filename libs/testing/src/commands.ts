import {
  ConfirmOptInCommand,
  CreateMailingCommand,
  EraseContactCommand,
  OptInCommand,
  OptOutCommand,
  PlaceLegalHoldCommand,
  ReceiveRequestCommand,
  RecordDeliverabilityCommand,
  RecordRelationshipCommand,
  RestrictProcessingCommand,
  UndoOptOutCommand,
  UnsubscribeCommand,
  type Deliverability,
  type Fact,
  type Mailing,
  type OptInRequest,
  type ReceivedRequest,
  type RequestAct,
  type Relationship,
} from '@consent-ledger/application';
import type { StatementReference } from '@consent-ledger/consent';
import { shippedPolicy } from './policies.js';
import type { Person } from './people.js';

/** The sign-up statement in Dutch, as an event names it. */
export const signupForm: StatementReference = reference('signup-form', 'nl');

/** Every condition of the soft opt-in (P2). */
export const everyCondition = ['informedAtCollection', 'optOutOffered', 'similarProducts'];

/** What a person did on a web form just now, unless said otherwise. */
export function by({ address, contactId }: Person, details: Partial<Fact> = {}): Fact {
  return {
    contactId,
    address,
    source: { kind: 'web-form' },
    actor: { kind: 'person' },
    correlationId: 'a-request',
    ...details,
  };
}

/** An opt-in to the newsletter with the sign-up statement, unless said otherwise. */
export function optIn(fact: Fact, request: Partial<OptInRequest> = {}): OptInCommand {
  const { id, version, language } = signupForm;
  const statement = { id, version, language };
  return new OptInCommand(fact, { purposes: ['newsletter'], statement, confirmation: 'none', ...request });
}

/** An opt-in to the newsletter that waits for its confirmation. */
export function doubleOptIn(fact: Fact, request: Partial<OptInRequest> = {}): OptInCommand {
  return optIn(fact, { confirmation: 'double', ...request });
}

export function confirmOptIn(fact: Fact, requestId: string): ConfirmOptInCommand {
  return new ConfirmOptInCommand(fact, requestId);
}

/** An opt-out of the newsletter, unless said otherwise. */
export function optOut(fact: Fact, purposes: readonly string[] | 'all' = ['newsletter']): OptOutCommand {
  return new OptOutCommand(fact, purposes);
}

export function unsubscribe(fact: Fact, purposes: readonly string[] | 'all' = ['newsletter']): UnsubscribeCommand {
  return new UnsubscribeCommand(fact, purposes);
}

export function undoOptOut(fact: Fact, optOutId: string): UndoOptOutCommand {
  return new UndoOptOutCommand(fact, optOutId);
}

/** The start of a customer relationship with every condition of the soft opt-in on record, unless said otherwise. */
export function startCustomer(fact: Fact, conditions: readonly string[] = everyCondition): RecordRelationshipCommand {
  return new RecordRelationshipCommand(fact, { kind: 'customer-started', conditions });
}

export function recordRelationship(fact: Fact, relationship: Relationship): RecordRelationshipCommand {
  return new RecordRelationshipCommand(fact, relationship);
}

export function recordDeliverability(fact: Fact, deliverability: Deliverability): RecordDeliverabilityCommand {
  return new RecordDeliverabilityCommand(fact, deliverability);
}

export function restrict(fact: Fact, restricted = true, reason?: string): RestrictProcessingCommand {
  return new RestrictProcessingCommand(fact, restricted, reason);
}

export function placeLegalHold(fact: Fact, held = true, reason?: string): PlaceLegalHoldCommand {
  return new PlaceLegalHoldCommand(fact, held, reason);
}

export function erase(fact: Fact, reason: 'request' | 'retention' = 'request'): EraseContactCommand {
  return new EraseContactCommand(fact, reason);
}

/** A request of a person for what the law gives them. */
export function receiveRequest(fact: Fact, request: Partial<ReceivedRequest> = {}): ReceiveRequestCommand {
  return new ReceiveRequestCommand(fact, { kind: 'access', restrict: false, ...request });
}

/** What an agent does about a request. */
export function onRequest(requestId: string): RequestAct {
  const source = { kind: 'customer-service' } as const;
  return { requestId, source, actor: { kind: 'agent', id: 'desk' }, correlationId: 'a-request' };
}

/** A mailing of the newsletter, unless said otherwise. */
export function createMailing(mailing: Partial<Mailing> = {}): CreateMailingCommand {
  const spring: Mailing = {
    mailingId: 'spring',
    purpose: 'newsletter',
    template: 'newsletter',
    subject: 'Spring is here',
    language: 'nl',
    variables: { season: 'spring' },
  };
  return new CreateMailingCommand({ ...spring, ...mailing }, 'a-request');
}

function reference(id: string, language: string): StatementReference {
  const { version, hashes } = shippedPolicy.statements.find((statement) => statement.id === id)!;
  return { id, version, language, hash: hashes[language]! };
}
