import type { JsonObject } from '@consent-ledger/event-store';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, Matches, Max, Min, ValidateNested } from 'class-validator';
import { IsFreeJson, IsFreeText } from '../http/free-text.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';
import { languages } from '../mailings/mailing.dto.js';

/** The bodies have bounds of their own, which are told by part and not by body. */
const ANY_LENGTH = 1024 * 1024;

export class LocalisedTemplateDto {
  @MayBeAbsent() @IsFreeText(ANY_LENGTH) readonly subject?: string;
  @MayBeAbsent() @IsFreeText(ANY_LENGTH) readonly html?: string;
  @MayBeAbsent() @IsFreeText(ANY_LENGTH) readonly text?: string;
}

export class TemplateLanguagesDto {
  @MayBeAbsent() @IsObject() @ValidateNested() @Type(() => LocalisedTemplateDto) readonly nl?: LocalisedTemplateDto;
  @MayBeAbsent() @IsObject() @ValidateNested() @Type(() => LocalisedTemplateDto) readonly en?: LocalisedTemplateDto;
}

export class TemplateDto {
  @IsIn(['commercial', 'operational']) readonly kind!: 'commercial' | 'operational';
  @IsObject() @ValidateNested() @Type(() => TemplateLanguagesDto) readonly languages!: TemplateLanguagesDto;
  @MayBeAbsent() @IsObject() @IsFreeJson() readonly sample?: JsonObject;
}

export class TemplateDraftPreviewDto extends TemplateDto {
  @MayBeAbsent() @IsIn(languages) readonly language?: (typeof languages)[number];
  @MayBeAbsent() @IsObject() @IsFreeJson() readonly variables?: JsonObject;
}

export class TemplatePreviewDto {
  @MayBeAbsent() @IsIn(languages) readonly language?: (typeof languages)[number];
  @MayBeAbsent() @IsInt() @Min(1) @Max(999_999_999) readonly version?: number;
  @MayBeAbsent() @IsObject() @IsFreeJson() readonly variables?: JsonObject;
}

const IS_VERSION = { message: 'must be a version: 1, 2, 3 …' };

export class TemplateVersionDto {
  @MayBeAbsent() @Matches(/^[1-9]\d{0,8}$/, IS_VERSION) readonly version?: string;
}

export class PreviewPageDto extends TemplateVersionDto {
  @MayBeAbsent() @IsIn(languages) readonly language?: (typeof languages)[number];
}
