import type { Deliverability } from '@consent-ledger/application';
import { validationProblem } from '@consent-ledger/platform';
import { IsBoolean, IsIn } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export class DeliverabilityDto extends FactDto {
  @IsIn(['bounced', 'complained', 'deliverable']) readonly kind!: Deliverability['kind'];
  @MayBeAbsent() @IsBoolean() readonly permanent?: boolean;
}

/** A bounce that does not say it is permanent is not: only a permanent one stops mail. */
export function deliverabilityOf({ kind, permanent }: DeliverabilityDto): Deliverability {
  if (kind === 'bounced') return { kind, permanent: permanent ?? false };
  if (permanent === undefined) return { kind };
  throw validationProblem([{ field: 'permanent', message: 'goes with kind "bounced" only' }]);
}
