import { describe, expect, it } from '@jest/globals';
import { Problem, validationProblem } from './problem.js';

describe('a problem', () => {
  it('is written as RFC 9457 says, with its stable code', () => {
    const problem = new Problem('OPTED_OUT', 'Ask the person.');
    expect(JSON.parse(JSON.stringify(problem))).toStrictEqual({
      type: 'about:blank',
      title: 'The person opted out',
      status: 409,
      detail: 'Ask the person.',
      code: 'OPTED_OUT',
    });
  });

  it('names each field that is not right', () => {
    const errors = [{ field: 'purposes', message: 'must not be empty' }];
    expect(new Problem('VALIDATION', 'Correct it.', errors).toJSON()).toMatchObject({ status: 400, errors });
  });

  it('is an error that says what to do', () => {
    const problem = new Problem('UNAVAILABLE', 'Ask again.');
    expect(problem).toBeInstanceOf(Error);
    expect([problem.name, problem.message, problem.status]).toStrictEqual(['Problem', 'Ask again.', 503]);
  });

  it.each([
    ['VALIDATION', 400],
    ['UNAUTHENTICATED', 401],
    ['FORBIDDEN', 403],
    ['NOT_FOUND', 404],
    ['OPTED_OUT', 409],
    ['CONFLICT', 409],
    ['PRECONDITION_FAILED', 412],
    ['UNKNOWN_PURPOSE', 422],
    ['UNKNOWN_STATEMENT', 422],
    ['STATEMENT_DOES_NOT_COVER', 422],
    ['OCCURRED_IN_FUTURE', 422],
    ['IDEMPOTENCY_KEY_REUSED', 422],
    ['INTERNAL', 500],
  ] as const)('%s is answered with %d: other programs are written against it', (code, status) => {
    expect(new Problem(code, '').status).toBe(status);
  });
});

describe('the problem for fields that are not right', () => {
  it('names each field once, and keeps every message', () => {
    const errors = [
      { field: 'purposes', message: 'must not be empty' },
      { field: 'source.kind', message: 'is unknown' },
      { field: 'purposes', message: 'must be names' },
    ];
    expect(validationProblem(errors)).toMatchObject({
      code: 'VALIDATION',
      detail: 'Correct purposes, source.kind and send the request again.',
      errors,
    });
  });

  it('without a field is about the body', () => {
    expect(validationProblem([]).detail).toBe('Correct the body and send the request again.');
  });
});
