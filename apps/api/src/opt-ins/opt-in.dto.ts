import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsDefined,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { FactDto } from '../http/fact.dto.js';

export class StatementDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly id!: string;
  @IsInt() @Min(1) @Max(1_000_000) readonly version!: number;
  @IsString() @MinLength(2) @MaxLength(35) readonly language!: string;
}

export class EvidenceDto {
  @IsOptional() @IsString() @MaxLength(64) readonly ip?: string;
  @IsOptional() @IsString() @MaxLength(1024) readonly userAgent?: string;
  @IsOptional() @IsString() @MaxLength(2048) readonly url?: string;
  @IsOptional() @IsString() @MaxLength(4096) readonly note?: string;
  @IsOptional() @IsString() @MaxLength(512) readonly recordingRef?: string;
}

export class OptInDto extends FactDto {
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  readonly purposes!: string[];

  @IsDefined({ message: 'is needed: the text that was shown, { "id", "version", "language" }' })
  @IsObject()
  @ValidateNested()
  @Type(() => StatementDto)
  readonly statement!: StatementDto;

  @IsOptional() @IsIn(['none', 'double']) readonly confirmation?: 'none' | 'double';

  @IsOptional() @IsObject() @ValidateNested() @Type(() => EvidenceDto) readonly evidence?: EvidenceDto;
}
