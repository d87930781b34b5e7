import type { Relationship } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { IsBoolean, IsIn } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

const conditions = ['informedAtCollection', 'optOutOffered', 'similarProducts'] as const;

export class RelationshipDto extends FactDto {
  @IsIn(['customer-started', 'customer-ended', 'purchase', 'contact']) readonly kind!: Relationship['kind'];
  @MayBeAbsent() @IsBoolean() readonly informedAtCollection?: boolean;
  @MayBeAbsent() @IsBoolean() readonly optOutOffered?: boolean;
  @MayBeAbsent() @IsBoolean() readonly similarProducts?: boolean;
}

/** The relationship with the conditions of P2 that are on record: those that were said to hold. */
export function relationshipOf(dto: RelationshipDto): Relationship {
  if (dto.kind === 'customer-started')
    return { kind: dto.kind, conditions: conditions.filter((name) => dto[name] === true) };
  const misplaced = conditions.filter((name) => dto[name] !== undefined);
  if (misplaced.length === 0) return { kind: dto.kind };
  throw validationProblem(misplaced.map((field) => ({ field, message: 'goes with kind "customer-started" only' })));
}
