import { FactDto } from '../http/fact.dto.js';
import { IsPurposesOrAll } from '../http/purposes.decorator.js';
import { fact, purposes, WellFormed } from '../http/well-formed.decorator.js';

@WellFormed({ ...fact, purposes: { anyOf: [{ const: 'all' }, purposes] } }, ['address', 'purposes', 'source'])
export class OptOutDto extends FactDto {
  @IsPurposesOrAll() readonly purposes!: string[] | 'all';
}
