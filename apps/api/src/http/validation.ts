import { validationProblem, type FieldError } from '@consent-ledger/platform';
import { ValidationPipe, type ValidationError } from '@nestjs/common';

/** Checks request bodies against their DTO: unknown fields are errors, and each bad field has an entry of its own. */
export const validation = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  transform: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => validationProblem(errors.flatMap((error) => fieldErrors(error, ''))),
});

function fieldErrors({ property, constraints, children = [] }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  const own = Object.entries(constraints ?? {}).map(([rule, message]) => ({
    field,
    message: rule === 'whitelistValidation' ? 'is not a field of this request' : message,
  }));
  return [...own, ...children.flatMap((child) => fieldErrors(child, `${field}.`))];
}
