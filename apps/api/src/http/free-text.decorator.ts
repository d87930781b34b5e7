import { holdsCitizenServiceNumber } from '@consent-ledger/consent';
import { applyDecorators } from '@nestjs/common';
import { IsString, MaxLength, ValidateBy } from 'class-validator';

/** What is said where a citizen service number stands; it never repeats the number. */
export const BSN_REFUSED =
  'must not hold a citizen service number (BSN): leave it out. Write another number of that length with a letter before it, such as N123';

/** A product with its version, as a user agent names its parts (RFC 9110 §10.1.5). */
const PRODUCT_VERSION = /[\w!#$%&'*+.^`|~-]*[A-Za-z][\w!#$%&'*+.^`|~-]*\/[\d._]+/g;

/** A text of at most so many characters in which no citizen service number stands (P9). */
export function IsFreeText(maxLength: number): PropertyDecorator {
  return applyDecorators(
    IsString(),
    MaxLength(maxLength),
    HoldsNoBsn((value) => !holdsBsn(value)),
  );
}

/** A user agent; the versions of its products may be of any length. */
export function IsUserAgent(maxLength: number): PropertyDecorator {
  return applyDecorators(IsString(), MaxLength(maxLength), HoldsNoBsn(isCleanUserAgent));
}

/** JSON in whose texts, numbers and names no citizen service number stands (P9). */
export function IsFreeJson(): PropertyDecorator {
  return HoldsNoBsn((value) => !holdsBsn(value));
}

/** Whether a user agent holds no citizen service number beside the versions of its products. */
export function isCleanUserAgent(value: unknown): boolean {
  return !holdsBsn(typeof value === 'string' ? value.replace(PRODUCT_VERSION, ';') : value);
}

/** Whether a citizen service number stands anywhere in a value that came as JSON, however deep (P9). */
export function holdsBsn(json: unknown): boolean {
  const waiting = [json];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string' ? holdsCitizenServiceNumber(value) : isNumberOfOne(value)) return true;
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) for (const name of Object.keys(value)) waiting.push(name);
    for (const part of Object.values(value)) waiting.push(part);
  }
  return false;
}

function isNumberOfOne(value: unknown): boolean {
  return typeof value === 'number' && holdsCitizenServiceNumber(String(value));
}

function HoldsNoBsn(validate: (value: unknown) => boolean): PropertyDecorator {
  return ValidateBy({ name: 'holdsNoBsn', validator: { validate, defaultMessage: () => BSN_REFUSED } });
}
