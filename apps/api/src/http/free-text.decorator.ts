import { jsonHoldsCitizenServiceNumber, userAgentHoldsCitizenServiceNumber } from '@consent-ledger/consent';
import { applyDecorators } from '@nestjs/common';
import { IsString, MaxLength, ValidateBy } from 'class-validator';

/** What is said where a citizen service number stands; it never repeats the number. */
export const BSN_REFUSED =
  'must not hold a citizen service number (BSN): leave it out. Write another number of that length with a letter before it, such as N123';

/** A text of at most so many characters in which no citizen service number stands (P9). */
export function IsFreeText(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString(),
    MaxLength(maxLength),
    HoldsNoBsn((value) => !jsonHoldsCitizenServiceNumber(value)),
  );
}

/** A user agent; the versions of its products may be of any length. */
export function IsUserAgent(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString(),
    MaxLength(maxLength),
    HoldsNoBsn((value) => typeof value !== 'string' || !userAgentHoldsCitizenServiceNumber(value)),
  );
}

/** JSON in whose texts, numbers and names no citizen service number stands (P9). */
export function IsFreeJson(): PropertyDecorator {
  return HoldsNoBsn((value) => !jsonHoldsCitizenServiceNumber(value));
}

function HoldsNoBsn(validate: (value: unknown) => boolean): PropertyDecorator {
  return ValidateBy({ name: 'holdsNoBsn', validator: { validate, defaultMessage: () => BSN_REFUSED } });
}
