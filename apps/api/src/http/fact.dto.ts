import { sourceKinds, type SourceKind } from '@consent-ledger/consent';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsObject, IsOptional, IsString, Matches, MaxLength, ValidateNested } from 'class-validator';
import { IsInstant } from './instant.decorator.js';

export class SourceDto {
  @IsIn(sourceKinds) readonly kind!: SourceKind;
  @IsOptional() @IsString() @MaxLength(256) readonly reference?: string;
}

/** Whom a request is about: the address or the contact's id, one of the two. */
export class ContactDto {
  @IsOptional() @IsString() @MaxLength(320) readonly address?: string;
  @IsOptional()
  @Matches(/^[a-z2-7]{26}$/, { message: 'must be a contact id: 26 letters a–z and digits 2–7' })
  readonly contactId?: string;
}

/** What every recorded fact has. */
export class FactDto extends ContactDto {
  @IsOptional() @IsInstant() readonly occurredAt?: string;
  @IsDefined({ message: 'is needed: { "kind": … }' })
  @IsObject()
  @ValidateNested()
  @Type(() => SourceDto)
  readonly source!: SourceDto;
}
