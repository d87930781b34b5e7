import { IsBoolean, IsString, MaxLength, MinLength, ValidateIf } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';

export class RestrictionDto extends FactDto {
  @IsBoolean() readonly restricted!: boolean;
  /** Why; lifting a restriction may go without. */
  @ValidateIf(({ restricted, reason }: RestrictionDto) => restricted || reason !== undefined)
  @IsString()
  @MinLength(1)
  @MaxLength(4096)
  readonly reason?: string;
}
