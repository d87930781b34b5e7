import type { ActOf } from './contact.js';

/** Through what an act reached this service. */
export const sourceKinds = [
  'web-form',
  'preference-page',
  'one-click',
  'unsubscribe-page',
  'mailto',
  'customer-service',
  'paper',
  'phone',
  'crm',
  'import',
  'mail-provider',
  'scheduler',
] as const;

export type SourceKind = (typeof sourceKinds)[number];

export type ActorKind = 'person' | 'agent' | 'system';

const ownHand: readonly SourceKind[] = ['web-form', 'preference-page', 'one-click', 'unsubscribe-page', 'mailto'];
const recordedByAgent: readonly SourceKind[] = ['customer-service', 'paper', 'phone'];

/**
 * Whose act an opt-in through this source is: the person's own hand, or an agent who recorded it with its evidence (a
 * form, a ticket, a call); an import, a sync or an agent without evidence only reports it (P4, law 2).
 */
export function actOf(source: SourceKind, evidenced: boolean): ActOf {
  if (ownHand.includes(source)) return 'person';
  return recordedByAgent.includes(source) && evidenced ? 'person' : 'reported';
}

/** Who acts through this source: the person, an agent who records it, or a system that passes it on. */
export function actorKindOf(source: SourceKind): ActorKind {
  if (ownHand.includes(source)) return 'person';
  return recordedByAgent.includes(source) ? 'agent' : 'system';
}
