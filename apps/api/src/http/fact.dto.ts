import { sourceKinds, type SourceKind } from '@consent-ledger/consent';
import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsObject, Matches, ValidateBy, ValidateNested } from 'class-validator';
import { IsFreeText } from './free-text.decorator.js';
import { IsInstant } from './instant.decorator.js';
import { MayBeAbsent } from './may-be-absent.decorator.js';

export class SourceDto {
  @IsIn(sourceKinds) readonly kind!: SourceKind;
  @MayBeAbsent() @IsFreeText(256) readonly reference?: string;
}

/** Whom a request is about: the address or the contact's id, one of the two. */
export class ContactDto {
  @NamesContact() readonly address?: string;
  @MayBeAbsent()
  @Matches(/^[a-z2-7]{26}$/, { message: 'must be a contact id: 26 letters a–z and digits 2–7' })
  readonly contactId?: string;
}

/** What every recorded fact has. */
export class FactDto extends ContactDto {
  @MayBeAbsent() @IsInstant() readonly occurredAt?: string;
  @IsDefined({ message: 'is needed: { "kind": … }' })
  @IsObject()
  @ValidateNested()
  @Type(() => SourceDto)
  readonly source!: SourceDto;
}

/** The address, unless the contact's id is given. */
function NamesContact() {
  return ValidateBy({
    name: 'namesContact',
    validator: {
      validate: (address, args) => faultOf(address, args?.object as ContactDto) === undefined,
      defaultMessage: (args) => faultOf(args?.value, args?.object as ContactDto) ?? '',
    },
  });
}

function faultOf(address: unknown, { contactId }: ContactDto): string | undefined {
  if ((address === undefined) === (contactId === undefined)) return 'give either address or contactId';
  if (address === undefined || (typeof address === 'string' && address.length <= 320)) return undefined;
  return 'must be an e-mail address of at most 320 characters';
}
