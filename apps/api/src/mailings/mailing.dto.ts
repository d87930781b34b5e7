import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { JsonObject } from '@consent-ledger/event-store';
import { IsFreeJson, IsFreeText } from '../http/free-text.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

export const languages = ['nl', 'en'] as const;

export class RecipientDto {
  @IsString() @MaxLength(320) readonly address!: string;
  @MayBeAbsent() @IsIn(languages) readonly language?: (typeof languages)[number];
  @MayBeAbsent() @IsObject() @IsFreeJson() readonly variables?: JsonObject;
}

export class MailingDto {
  /** The caller's own id: the same mailing asked for twice is sent once. */
  @MayBeAbsent()
  @Matches(/^[A-Za-z0-9][\w.-]{0,63}$/, { message: 'must be 1 to 64 letters, digits, dots, dashes or underscores' })
  readonly id?: string;
  @IsString() @MinLength(1) @MaxLength(64) readonly purpose!: string;
  @IsString() @MinLength(1) @MaxLength(64) readonly template!: string;
  /** The template's own when absent. */
  @MayBeAbsent()
  @MinLength(1)
  @IsFreeText(256)
  @Matches(/^[^\r\n]*$/, { message: 'must be one line' })
  readonly subject?: string;
  @MayBeAbsent() @IsIn(languages) readonly language?: (typeof languages)[number];
  @MayBeAbsent() @IsObject() @IsFreeJson() readonly variables?: JsonObject;
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(10_000)
  @ValidateNested({ each: true })
  @Type(() => RecipientDto)
  readonly recipients?: RecipientDto[];
}
