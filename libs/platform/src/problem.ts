/** One thing wrong with one field of a request. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The titles and statuses of every problem this service answers with (RFC 9457), by their stable code. */
const problems = {
  VALIDATION: [400, 'The request is not valid'],
  UNAUTHENTICATED: [401, 'An API key is needed'],
  FORBIDDEN: [403, 'The API key lacks a scope'],
  NOT_FOUND: [404, 'There is no such thing'],
  OPTED_OUT: [409, 'The person opted out'],
  CONSENT_ENDED: [409, 'The consent has ended'],
  CONFLICT: [409, 'The request conflicts with what is on record'],
  LEGAL_HOLD: [409, 'A legal hold stands on the personal data'],
  RETENTION_NOT_ENDED: [409, 'The personal data is still held'],
  REQUEST_CLOSED: [409, 'The request was answered'],
  IDENTITY_NOT_CHECKED: [409, 'It is not established who asks'],
  ALREADY_EXTENDED: [409, 'The answer was put off before'],
  TOO_LATE_TO_EXTEND: [409, 'The answer was due'],
  NOTHING_DISCLOSED: [409, 'Nothing was given to the person yet'],
  NOTHING_TO_DISCLOSE: [409, 'The request discloses nothing'],
  OBJECTION_IS_ABSOLUTE: [409, 'An objection cannot be refused'],
  REQUEST_OVERTAKEN: [409, 'Something later stands against this request'],
  NOT_RENEWABLE: [409, 'The consent has ended'],
  STATEMENT_NOT_CURRENT: [409, 'Consent is renewed on another statement'],
  POLICY_CHANGED: [409, 'This version was published with another content'],
  POLICY_VERSION_NOT_GREATER: [409, 'A later version was published before'],
  STATEMENT_CHANGED: [409, 'This statement was published with another text'],
  POLICY_IN_FORCE_IN_PAST: [409, 'The policy would judge the past anew'],
  POLICY_OVERTAKEN: [409, 'An earlier version would be in force after it'],
  PRECONDITION_FAILED: [412, 'The contact has changed'],
  PAYLOAD_TOO_LARGE: [413, 'The body is too large'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'The body is of a type that is not understood'],
  UNKNOWN_PURPOSE: [422, 'The policy has no such purpose'],
  PURPOSE_NOT_COMMERCIAL: [422, 'The purpose needs no consent'],
  UNKNOWN_STATEMENT: [422, 'The policy has no such statement'],
  STATEMENT_DOES_NOT_COVER: [422, 'The statement does not cover the purpose'],
  OCCURRED_IN_FUTURE: [422, 'The fact lies in the future'],
  IDEMPOTENCY_KEY_REUSED: [422, 'The Idempotency-Key was used for another request'],
  UNKNOWN_GROUND: [422, 'The policy has no such ground to refuse on'],
  NO_RIGHTS_IN_POLICY: [422, 'The policy does not say how requests are answered'],
  NO_SUCH_REQUEST: [422, 'Nothing waits for this confirmation'],
  ADDRESS_NEEDED: [422, 'The address is needed'],
  UNKNOWN_TEMPLATE: [422, 'There is no such template'],
  TEMPLATE_DOES_NOT_FIT: [422, 'The template is not for this purpose'],
  UNKNOWN_POLICY: [422, 'There is no such policy'],
  INVALID_TEMPLATE: [422, 'The template cannot be sent'],
  INVALID_POLICY: [422, 'The policy cannot be judged by'],
  TOO_MANY_REQUESTS: [429, 'Too many requests'],
  INTERNAL: [500, 'Something went wrong here'],
  UNAVAILABLE: [503, 'The service cannot answer now'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemCode = keyof typeof problems;

/** What went wrong, as problem details tell it (RFC 9457). `detail` says what to do and never holds personal data. */
export class Problem extends Error {
  readonly status: number;
  readonly title: string;

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly errors?: readonly FieldError[],
  ) {
    super(detail);
    this.name = 'Problem';
    [this.status, this.title] = problems[code];
  }

  /** The body of the answer, `application/problem+json`. */
  toJSON() {
    const { status, title, code, detail, errors } = this;
    return { type: 'about:blank', title, status, detail, code, ...(errors && { errors }) };
  }
}

/** The problem for fields that are not right. */
export function validationProblem(errors: readonly FieldError[]): Problem {
  const fields = [...new Set(errors.map(({ field }) => field))].join(', ');
  return new Problem('VALIDATION', `Correct ${fields || 'the body'} and send the request again.`, errors);
}
