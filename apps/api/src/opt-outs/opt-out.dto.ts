import { ValidateBy } from 'class-validator';
import { FactDto } from '../http/fact.dto.js';

export class OptOutDto extends FactDto {
  @IsPurposesOrAll() readonly purposes!: string[] | 'all';
}

function IsPurposesOrAll() {
  return ValidateBy({
    name: 'isPurposesOrAll',
    validator: {
      validate: (value) => value === 'all' || isListOfNames(value),
      defaultMessage: () => 'must be "all" or a list of different purposes, such as ["newsletter"]',
    },
  });
}

function isListOfNames(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > 50) return false;
  const names = value.filter((name) => typeof name === 'string' && name.length <= 64);
  return names.length === value.length && new Set(names).size === value.length;
}
