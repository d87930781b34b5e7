import {
  OptInCommand,
  OptOutCommand,
  RecordDeliverabilityCommand,
  RecordRelationshipCommand,
  type Fact,
  type Recorded,
  type Relationship,
} from '@consent-ledger/application';
import { actorKindOf } from '@consent-ledger/consent';
import type { ConsentRequest, RequestData } from '@consent-ledger/messaging';
import { newId } from '@consent-ledger/platform';
import { normaliseAddress, type ContactIds } from '@consent-ledger/privacy';
import type { Command } from '@nestjs/cqrs';

/** By which the log knows what came by Kafka: whoever may write to the topic is trusted with what it says. */
const ACTOR_ID = 'kafka';

const conditions = ['informedAtCollection', 'optOutOffered', 'similarProducts'] as const;

/** The fact that a request tells of; the same request is the same act, however often it comes. Throws `InvalidAddress`. */
export function factOf({ id, source, time, data }: ConsentRequest, contactIds: ContactIds): Fact {
  const occurredAt = data.occurredAt ?? time;
  return {
    ...contactOf(data, contactIds),
    ...(occurredAt !== undefined && { occurredAt: Date.parse(occurredAt) }),
    source: data.source,
    actor: { kind: actorKindOf(data.source.kind), id: ACTOR_ID },
    correlationId: newId(),
    idempotencyKey: JSON.stringify([source, id]),
  };
}

/** The command that a request stands for. */
export function commandOf(request: ConsentRequest, fact: Fact): Command<Recorded> {
  switch (request.type) {
    case 'consent-ledger.OptIn': {
      const { purposes, statement, confirmation = 'none', evidence } = request.data;
      return new OptInCommand(fact, { purposes, statement, confirmation, ...(evidence && { evidence }) });
    }
    case 'consent-ledger.OptOut':
      return new OptOutCommand(fact, request.data.purposes);
    case 'consent-ledger.Relationship':
      return new RecordRelationshipCommand(fact, relationshipOf(request.data));
    case 'consent-ledger.Deliverability': {
      const { kind, permanent = false } = request.data;
      return new RecordDeliverabilityCommand(fact, kind === 'bounced' ? { kind, permanent } : { kind });
    }
  }
}

function contactOf({ address, contactId }: ConsentRequest['data'], contactIds: ContactIds) {
  if (address === undefined) return { contactId: contactId! };
  const normal = normaliseAddress(address);
  return { contactId: contactIds.of(normal), address: normal };
}

function relationshipOf(data: RequestData['Relationship']): Relationship {
  if (data.kind !== 'customer-started') return { kind: data.kind };
  return { kind: data.kind, conditions: conditions.filter((name) => data[name] === true) };
}
