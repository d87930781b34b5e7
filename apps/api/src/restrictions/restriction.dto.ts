import { IsBoolean, MinLength, ValidateIf } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { IsFreeText } from '../http/free-text.decorator.js';

export class RestrictionDto extends FactDto {
  @IsBoolean() readonly restricted!: boolean;
  /** Why; lifting a restriction may go without. */
  @ValidateIf(({ restricted, reason }: RestrictionDto) => restricted || reason !== undefined)
  @MinLength(1)
  @IsFreeText(4096)
  readonly reason?: string;
}
