import { ValidateBy } from 'class-validator';

/** The field must be a list of at least one purpose, none of them twice. */
export function IsPurposes() {
  return ValidateBy({
    name: 'isPurposes',
    validator: {
      validate: isListOfNames,
      defaultMessage: () => 'must be a list of the names of different purposes',
    },
  });
}

/** The field must be such a list, or "all". */
export function IsPurposesOrAll() {
  return ValidateBy({
    name: 'isPurposesOrAll',
    validator: {
      validate: (value) => value === 'all' || isListOfNames(value),
      defaultMessage: () => 'must be "all" or a list of the names of different purposes',
    },
  });
}

function isListOfNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > 50) return false;
  const names = value.filter((name) => typeof name === 'string' && name.length > 0 && name.length <= 64);
  return names.length === value.length && new Set(names).size === value.length;
}
