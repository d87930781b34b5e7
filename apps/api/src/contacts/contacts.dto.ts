import { Type } from 'class-transformer';
import { IsInt, IsObject, IsString, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IsInstant } from '../http/instant.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export class LookupDto {
  @IsString() @MaxLength(320) readonly address!: string;
}

export class HistoryDto {
  @MayBeAbsent() @IsInstant() readonly at?: string;
  @MayBeAbsent() @IsInstant() readonly knownAt?: string;
}

export class PolicyVersionDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly id!: string;
  @IsInt() @Min(1) readonly version!: number;
}

export class ReplayDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly purpose!: string;
  @IsInstant() readonly at!: string;
  @MayBeAbsent() @IsInstant() readonly knownAt?: string;
  @MayBeAbsent() @IsObject() @ValidateNested() @Type(() => PolicyVersionDto) readonly policy?: PolicyVersionDto;
}
