import { Type } from 'class-transformer';
import {
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { IsFreeText, IsUserAgent } from '../http/free-text.decorator.js';
import { IsPurposes } from '../http/purposes.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';
import { fact, name, object, purposes, text, userAgent, WellFormed } from '../http/well-formed.decorator.js';

export class StatementDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly id!: string;
  @IsInt() @Min(1) @Max(1_000_000) readonly version!: number;
  @IsString() @MinLength(2) @MaxLength(35) readonly language!: string;
}

export class EvidenceDto {
  @MayBeAbsent() @IsFreeText(64) readonly ip?: string;
  @MayBeAbsent() @IsUserAgent(1024) readonly userAgent?: string;
  @MayBeAbsent() @IsFreeText(2048) readonly url?: string;
  @MayBeAbsent() @IsFreeText(4096) readonly note?: string;
  @MayBeAbsent() @IsFreeText(512) readonly recordingRef?: string;
}

@WellFormed(
  {
    ...fact,
    purposes,
    statement: object({ id: name, version: { type: 'integer', minimum: 1, maximum: 1_000_000 }, language: name }, [
      'id',
      'version',
      'language',
    ]),
    confirmation: { enum: ['none', 'double'] },
    evidence: object({
      ip: text(64),
      userAgent: userAgent(1024),
      url: text(2048),
      note: text(4096),
      recordingRef: text(512),
    }),
  },
  ['address', 'purposes', 'statement', 'source'],
)
export class OptInDto extends FactDto {
  @IsPurposes() readonly purposes!: string[];

  @IsDefined({ message: 'is needed: the text that was shown, { "id", "version", "language" }' })
  @IsObject()
  @ValidateNested()
  @Type(() => StatementDto)
  readonly statement!: StatementDto;

  @MayBeAbsent() @IsIn(['none', 'double']) readonly confirmation?: 'none' | 'double';

  @MayBeAbsent() @IsObject() @ValidateNested() @Type(() => EvidenceDto) readonly evidence?: EvidenceDto;
}
