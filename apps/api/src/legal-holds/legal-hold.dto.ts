import { IsBoolean, MinLength, ValidateIf } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { IsFreeText } from '../http/free-text.decorator.js';

export class LegalHoldDto extends FactDto {
  @IsBoolean() readonly held!: boolean;
  /** Why; lifting a hold may go without. */
  @ValidateIf(({ held, reason }: LegalHoldDto) => held || reason !== undefined)
  @MinLength(1)
  @IsFreeText(4096)
  readonly reason?: string;
}
