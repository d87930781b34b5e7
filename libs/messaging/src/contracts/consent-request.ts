import type { SourceKind } from '@consent-ledger/consent';
import { contract, faultyFields } from './schemas.js';

/** Whom a request is about, when it happened and through what: what each has. */
export interface RequestedFact {
  readonly address?: string;
  readonly contactId?: string;
  readonly occurredAt?: string;
  readonly source: { readonly kind: SourceKind; readonly reference?: string };
}

export interface RequestData {
  readonly OptIn: RequestedFact & {
    readonly purposes: readonly string[];
    readonly statement: { readonly id: string; readonly version: number; readonly language: string };
    readonly confirmation?: 'none' | 'double';
    readonly evidence?: Readonly<Partial<Record<'ip' | 'userAgent' | 'url' | 'note' | 'recordingRef', string>>>;
  };
  readonly OptOut: RequestedFact & { readonly purposes: readonly string[] | 'all' };
  readonly Relationship: RequestedFact & {
    readonly kind: 'customer-started' | 'customer-ended' | 'purchase' | 'contact';
    readonly informedAtCollection?: boolean;
    readonly optOutOffered?: boolean;
    readonly similarProducts?: boolean;
  };
  readonly Deliverability: RequestedFact & {
    readonly kind: 'bounced' | 'complained' | 'deliverable';
    readonly permanent?: boolean;
  };
}

/** A fact that another system asks to be recorded, as `consent.requests.v1` has it. */
export type ConsentRequest = {
  [T in keyof RequestData]: {
    /** With `source`, the same for every copy of the request. */
    readonly id: string;
    readonly source: string;
    readonly type: `consent-ledger.${T}`;
    readonly time?: string;
    readonly data: RequestData[T];
  };
}[keyof RequestData];

/** Why a message is not taken: a stable code, and the fields that it is about; nothing of its content. */
export interface RefusalReason {
  readonly code: string;
  readonly fields?: readonly string[];
}

/** A message as it was read, or why it cannot be. */
export type Read<T> = { readonly request: T } | { readonly refused: RefusalReason; readonly id?: string };

const validate = contract('consent.requests.v1');

/** Reads a message of `consent.requests.v1`. */
export function readConsentRequest(text: string | undefined): Read<ConsentRequest> {
  return readBy<ConsentRequest>(validate, text);
}

/** Reads a message by a contract. */
export function readBy<T>(valid: typeof validate, text: string | undefined): Read<T> {
  if (text === undefined) return { refused: { code: 'EMPTY' } };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { refused: { code: 'NOT_JSON' } };
  }
  if (valid(value)) return { request: value as T };
  const { id } = (value ?? {}) as { readonly id?: unknown };
  const refused = { code: 'VALIDATION', fields: faultyFields(valid) };
  return typeof id === 'string' ? { refused, id } : { refused };
}
