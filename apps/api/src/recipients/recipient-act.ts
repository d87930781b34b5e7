import type { Fact } from '@consent-ledger/application';
import type { SourceKind } from '@consent-ledger/consent';
import { Problem } from '@consent-ledger/platform';
import type { FastifyRequest } from 'fastify';

/** What the person who holds a link does by it; `reference` is what the link came in, and is sealed. */
export function factOf(contactId: string, source: SourceKind, request: FastifyRequest, reference?: string): Fact {
  return {
    contactId,
    source: { kind: source, ...(reference !== undefined && { reference }) },
    actor: { kind: 'person' },
    correlationId: request.id,
  };
}

/** By what a form that a browser sends twice is known (P4): every page that is shown bears another. */
export function formIn({ form }: Readonly<Record<string, unknown>>): { readonly act?: string } {
  return typeof form === 'string' && FORM_ID.test(form) ? { act: `form-${form}` } : {};
}

const FORM_ID = /^[\da-f-]{36}$/;

/** The fields of a form; a body that cannot be read has none. */
export function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}

/** Of a choice that also stops mail, what stops it is on record and the rest is not: that can be chosen again. */
export class PartlySaved extends Error {
  constructor(cause: unknown) {
    super('Of a choice only what stops mail could be recorded.', { cause });
  }
}

/** Whether a rule stands against the act. Where others only wrote to the contact at the same time, it can be made again. */
export function isRefusal(error: unknown): error is Problem {
  return error instanceof Problem && error.status < 500 && !isContention(error);
}

/** What was shown of the policy is no longer what it says: the page is to be shown anew. */
const OUTDATED = new Set<Problem['code']>([
  'STATEMENT_NOT_CURRENT',
  'UNKNOWN_STATEMENT',
  'STATEMENT_DOES_NOT_COVER',
  'UNKNOWN_PURPOSE',
  'PURPOSE_NOT_COMMERCIAL',
]);

/** Whether an act was refused because the policy has changed since the page was shown (P3, P10). */
export function isOutdated(error: unknown): boolean {
  return error instanceof Problem && OUTDATED.has(error.code);
}

/** Whether an act failed only because others kept writing to the contact. */
export function isContention(error: unknown): boolean {
  return error instanceof Problem && error.code === 'CONFLICT';
}
