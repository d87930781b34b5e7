import { ValidateIf } from 'class-validator';

/** The field may be left out; `null` is a value like any other, and has to be valid. */
export function MayBeAbsent() {
  return ValidateIf((_object, value) => value !== undefined);
}
