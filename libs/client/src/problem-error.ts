import type { components } from './schema.js';

/** Problem details (RFC 9457) as the service answers them. */
export type Problem = components['schemas']['Problem'];

/** The service refused: `code` is stable and says by which rule, `problem` is all that it said. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: Problem['code'];
  readonly status: number;

  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
    this.code = problem.code;
    this.status = problem.status;
  }
}

/** Something answered that is not the service, or not as it is described: a proxy's error page, an empty body. */
export class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';

  constructor(readonly status: number) {
    super(`Expected JSON as the API describes it, but the answer was ${status} without it; check the base URL.`);
  }
}

/** The error for an answer that is not a success; `body` is what it held, parsed where it was JSON. */
export function errorOf(status: number, body: unknown): ProblemError | UnexpectedAnswer {
  return isProblem(body) ? new ProblemError(body) : new UnexpectedAnswer(status);
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false;
  const { code, title, status } = body as Record<string, unknown>;
  return typeof code === 'string' && typeof title === 'string' && typeof status === 'number';
}
