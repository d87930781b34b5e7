import { validationProblem, type FieldError } from '@consent-ledger/platform';
import { ValidationPipe, type ArgumentMetadata, type PipeTransform, type ValidationError } from '@nestjs/common';
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
  transform: (body, metadata) => (isWellFormed(metadata.metatype, body) ? body : transformed(body, metadata)),
};

/** What is nested so deep that walking through it overflows the stack is a fault of the body, and none of the service. */
async function transformed(body: unknown, metadata: ArgumentMetadata): Promise<unknown> {
  try {
    return await (dtos.transform(body, metadata) as Promise<unknown>);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw validationProblem([{ field: '', message: 'is nested too deep' }]);
  }
}

function fieldErrors({ property, constraints, children = [] }: ValidationError, prefix: string): FieldError[] {
  const field = `${prefix}${property}`;
  const own = Object.entries(constraints ?? {}).map(([rule, message]) => ({
    field,
    message: rule === 'whitelistValidation' ? 'is not a field of this request' : message,
  }));
  return [...own, ...children.flatMap((child) => fieldErrors(child, `${field}.`))];
}
