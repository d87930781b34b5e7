import { requestKinds, type RequestKind } from '@consent-ledger/consent';
import { IsBoolean, IsIn, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';
import { IsFreeText } from '../http/free-text.decorator.js';
import { MayBeAbsent } from '../http/may-be-absent.decorator.js';

const NAME = /^[a-z][a-z0-9-]{0,63}$/;
const named = { message: 'must be a name such as reply-from-address: small letters, digits and dashes' };

export class RequestDto extends FactDto {
  @IsIn(requestKinds) readonly kind!: RequestKind;
  /** What the person wrote or said. */
  @MayBeAbsent() @IsFreeText(4096) readonly note?: string;
  /** Whether the person asked that processing be restricted while this is judged. */
  @MayBeAbsent() @IsBoolean() readonly restrict?: boolean;
}

export class RequestsDto {
  @MayBeAbsent() @IsIn(['open', 'answered', 'all']) readonly status?: 'open' | 'answered' | 'all';
  @MayBeAbsent()
  @Matches(/^([1-9]\d{0,2}|1000)$/, { message: 'must be a whole number from 1 to 1000' })
  readonly limit?: string;
}

export class IdentityDto {
  /** How it was established who asks. */
  @Matches(NAME, named) readonly method!: string;
  @MayBeAbsent() @IsFreeText(4096) readonly note?: string;
}

export class ExtensionDto {
  @MinLength(1) @IsFreeText(4096) readonly reason!: string;
}

export class FulfilmentDto {
  /** The address that replaces the one on record; only for a request for rectification. */
  @MayBeAbsent() @IsString() @MaxLength(320) readonly address?: string;
}

export class RefusalDto {
  /** One of the policy's. */
  @Matches(NAME, named) readonly ground!: string;
  @MinLength(1) @IsFreeText(4096) readonly reason!: string;
}

export class DisclosureDto {
  @MayBeAbsent() @IsIn(['nl', 'en']) readonly language?: 'nl' | 'en';
  /** Whom it goes to, where that is not the person. */
  @MayBeAbsent() @MinLength(1) @IsFreeText(256) readonly to?: string;
}
