import { validationProblem, type FieldError } from '@consent-ledger/platform';
import { ValidationPipe, type PipeTransform, type ValidationError } from '@nestjs/common';
import { isWellFormed } from './well-formed.decorator.js';

const dtos = new ValidationPipe({
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  transform: true,
  stopAtFirstError: true,
  validationError: { target: false, value: false },
  exceptionFactory: (errors) => validationProblem(errors.flatMap((error) => fieldErrors(error, ''))),
});

/** Checks request bodies against their DTO: unknown fields are errors, and each bad field has an entry of its own. */
export const validation: PipeTransform<unknown, unknown> = {
  transform: (body, metadata) => (isWellFormed(metadata.metatype, body) ? body : dtos.transform(body, metadata)),
};

function fieldErrors({ property, constraints, children = [] }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  const own = Object.entries(constraints ?? {}).map(([rule, message]) => ({
    field,
    message: rule === 'whitelistValidation' ? 'is not a field of this request' : message,
  }));
  return [...own, ...children.flatMap((child) => fieldErrors(child, `${field}.`))];
}
