import { FactDto } from '../http/fact.dto.js';
import { IsPurposesOrAll } from '../http/purposes.decorator.js';

export class OptOutDto extends FactDto {
  @IsPurposesOrAll() readonly purposes!: string[] | 'all';
}
