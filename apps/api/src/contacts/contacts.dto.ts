import { Type } from 'class-transformer';
import { IsInt, IsObject, IsOptional, IsString, MaxLength, Min, MinLength, ValidateNested } from 'class-validator';
import { IsInstant } from '../http/instant.decorator.js';

export class LookupDto {
  @IsString() @MaxLength(320) readonly address!: string;
}

export class HistoryDto {
  @IsOptional() @IsInstant() readonly at?: string;
  @IsOptional() @IsInstant() readonly knownAt?: string;
}

export class PolicyVersionDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly id!: string;
  @IsInt() @Min(1) readonly version!: number;
}

export class ReplayDto {
  @IsString() @MinLength(1) @MaxLength(64) readonly purpose!: string;
  @IsInstant() readonly at!: string;
  @IsOptional() @IsInstant() readonly knownAt?: string;
  @IsOptional() @IsObject() @ValidateNested() @Type(() => PolicyVersionDto) readonly policy?: PolicyVersionDto;
}
