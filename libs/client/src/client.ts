import createFetchClient from 'openapi-fetch';
import { readLines, writeLines } from './ndjson.js';
import { errorOf, UnexpectedAnswer } from './problem-error.js';
import type { components, paths } from './schema.js';

type Schemas = components['schemas'];

/** Whom a fact or a question is about: the address or the contact id, exactly one of them. */
export type Subject =
  { readonly address: string; readonly contactId?: never } | { readonly contactId: string; readonly address?: never };

type About<Body> = Omit<Body, 'address' | 'contactId'> & Subject;

export type OptIn = About<Schemas['OptIn']>;
export type OptOut = About<Schemas['OptOut']>;
export type Relationship = About<Schemas['Relationship']>;
export type Deliverability = About<Schemas['Deliverability']>;
export type Restriction = About<Schemas['Restriction']>;
export type Erasure = About<Schemas['Erasure']>;
export type LegalHold = About<Schemas['LegalHold']>;
export type Recording = Schemas['Recording'];
export type ErasureRecording = Schemas['ErasureRecording'];
export type ErasureCertificate = Schemas['ErasureCertificate'];
export type Retention = Schemas['Retention'];

export type EligibilityQuestion = About<Schemas['EligibilityRequest']>;
export type EligibilityAnswer = Schemas['EligibilityAnswer'];
export type BatchAnswer = Schemas['BatchAnswer'];
export type BatchResult = Schemas['BatchResult'];
export type Reason = Schemas['Reason'];

export type LookupAnswer = Schemas['LookupAnswer'];
export type Preferences = Schemas['Preferences'];
export type History = Schemas['History'];
export type ReplayQuestion = Schemas['ReplayRequest'];
export type Replay = Schemas['Replay'];
export type Delivery = Schemas['Delivery'];
export type PublishedPolicy = Schemas['PublishedPolicy'];

export type MailingRequest = Schemas['MailingRequest'];
export type MailingRecipient = Schemas['MailingRecipient'];
export type Mailing = Schemas['Mailing'];
export type RecipientsAccepted = Schemas['RecipientsAccepted'];

/** `baseUrl` is where the service listens, `apiKey` a key with the scopes of the calls that are made. */
export interface ClientOptions {
  readonly baseUrl: string;
  readonly apiKey: string;
  /** Takes the place of the global `fetch`, for a proxy or a test. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

export interface CallOptions {
  /** Ties the call to what caused it, in the events and the logs of the service. */
  readonly correlationId?: string;
  readonly signal?: AbortSignal;
}

export interface RecordingOptions extends CallOptions {
  /** A retry with the same key is the same act, answered as the first time. */
  readonly idempotencyKey?: string;
  /** The revision last seen; `PRECONDITION_FAILED` when the contact has moved on. */
  readonly ifRevision?: number;
}

/**
 * The calls of the service. Each rejects with `ProblemError` when the service refuses, with `UnexpectedAnswer` when it
 * was not the service that answered, and as `fetch` does when there was no answer.
 */
export interface ConsentLedgerClient {
  /** Records that a person opts in, with the statement that was shown (P3). Scope `record`. */
  optIn(fact: OptIn, options?: RecordingOptions): Promise<Recording>;
  /** Records that a person opts out, of some purposes or of all commercial mail (P4). Scope `record`. */
  optOut(fact: OptOut, options?: RecordingOptions): Promise<Recording>;
  /** Records that a relationship started, ended or was used (P2, P6). Scope `record`. */
  recordRelationship(fact: Relationship, options?: RecordingOptions): Promise<Recording>;
  /** Records a bounce, a complaint or a proof that the address works. Scope `record`. */
  recordDeliverability(fact: Deliverability, options?: RecordingOptions): Promise<Recording>;
  /** Restricts the processing of a contact's data, or lifts that (P9). Scope `record`. */
  restrict(fact: Restriction, options?: RecordingOptions): Promise<Recording>;
  /** Holds a contact's personal data for a legal matter, or no longer (P7). Scope `erase`. */
  holdLegally(fact: LegalHold, options?: RecordingOptions): Promise<Recording>;
  /** Erases a contact's personal data for good (P7). Scope `erase`. */
  erase(fact: Erasure, options?: RecordingOptions): Promise<ErasureRecording>;

  /** May I send this? Scope `eligibility`. */
  mayISend(question: EligibilityQuestion, options?: CallOptions): Promise<EligibilityAnswer>;
  /** May I send this to each of these, at most 10 000? The results are in the order asked. Scope `eligibility`. */
  mayISendBatch(purpose: string, addresses: readonly string[], options?: CallOptions): Promise<BatchAnswer>;
  /**
   * May I send this to each of these, however many? Addresses are read and results come as they go, in the order asked,
   * in constant memory. Scope `eligibility`.
   */
  mayISendEach(
    purpose: string,
    addresses: Iterable<string> | AsyncIterable<string>,
    options?: CallOptions,
  ): AsyncIterable<BatchResult>;

  /** The contact id of an address, and whether the service knows it. Scope `history`. */
  lookUp(address: string, options?: CallOptions): Promise<LookupAnswer>;
  /** Every purpose with its verdict. Scope `history`. */
  preferences(contactId: string, options?: CallOptions): Promise<Preferences>;
  /** What happened to a contact by `at`, as known at `knownAt` (RFC 3339; default now). Scope `history`. */
  history(
    contactId: string,
    moment?: { readonly at?: string; readonly knownAt?: string },
    options?: CallOptions,
  ): Promise<History>;
  /** Why the answer was what it was, or what it would have been under another policy. Scope `history`. */
  replay(contactId: string, question: ReplayQuestion, options?: CallOptions): Promise<Replay>;
  /** What holds a contact's personal data, until when, and what falls due (P7). Scope `history`. */
  retention(contactId: string, options?: CallOptions): Promise<Retention>;
  /** The certificate of a contact's latest erasure. Scope `erase` or `history`. */
  erasure(contactId: string, options?: CallOptions): Promise<ErasureCertificate>;
  /** What was sent to a contact, and what was held back. Scope `history`. */
  deliveries(contactId: string, options?: CallOptions): Promise<readonly Delivery[]>;
  /** Every policy version that was published. Scope `history`. */
  policies(options?: CallOptions): Promise<readonly PublishedPolicy[]>;

  /** Sends a message to many; more may follow by `addRecipients`. A retry is safe where `id` is given. Scope `mail`. */
  createMailing(mailing: MailingRequest, options?: CallOptions): Promise<Mailing>;
  /** Adds recipients to a mailing, however many; sending the same ones again is safe. Scope `mail`. */
  addRecipients(
    mailingId: string,
    recipients: Iterable<MailingRecipient> | AsyncIterable<MailingRecipient>,
    options?: CallOptions,
  ): Promise<RecipientsAccepted>;
  /** How far a mailing is. Scope `mail`. */
  mailing(mailingId: string, options?: CallOptions): Promise<Mailing>;
}

/**
 * The calls of a consent-ledger service, typed by its OpenAPI document.
 *
 * @example
 * const ledger = createConsentLedgerClient({ baseUrl: 'http://127.0.0.1:3000', apiKey });
 * const { position } = await ledger.optOut({ address, purposes: ['newsletter'], source: { kind: 'crm' } });
 * const { eligible, reason } = await ledger.mayISend({ address, purpose: 'newsletter', minPosition: position });
 */
export function createConsentLedgerClient({ baseUrl, apiKey, fetch }: ClientOptions): ConsentLedgerClient {
  const http = createFetchClient<paths, 'application/json'>({
    baseUrl,
    headers: { Authorization: `Bearer ${apiKey}` },
    ...(fetch && { fetch }),
  });
  return {
    optIn: (body, options) => answer(http.POST('/v1/opt-ins', { body, ...call(options) })),
    optOut: (body, options) => answer(http.POST('/v1/opt-outs', { body, ...call(options) })),
    recordRelationship: (body, options) => answer(http.POST('/v1/relationships', { body, ...call(options) })),
    recordDeliverability: (body, options) => answer(http.POST('/v1/deliverability', { body, ...call(options) })),
    restrict: (body, options) => answer(http.POST('/v1/restrictions', { body, ...call(options) })),
    holdLegally: (body, options) => answer(http.POST('/v1/legal-holds', { body, ...call(options) })),
    erase: (body, options) => answer(http.POST('/v1/erasures', { body, ...call(options) })),

    mayISend: (body, options) => answer(http.POST('/v1/eligibility', { body, ...call(options) })),
    mayISendBatch: (purpose, addresses, options) =>
      answer(http.POST('/v1/eligibility/batch', { body: { purpose, addresses: [...addresses] }, ...call(options) })),
    async *mayISendEach(purpose, addresses, options) {
      const { stop, ...stream } = lines(addresses, options);
      const init = { ...call(options, { query: { purpose } }), ...stream, parseAs: 'stream' } as const;
      try {
        const results = await answer(http.POST('/v1/eligibility/batch', init));
        for await (const result of readLines(results)) yield result as BatchResult;
      } finally {
        stop();
      }
    },

    lookUp: (address, options) => answer(http.POST('/v1/contacts/lookup', { body: { address }, ...call(options) })),
    preferences: (contactId, options) => {
      const path = { contactId };
      return answer(http.GET('/v1/contacts/{contactId}/preferences', call(options, { path })));
    },
    history: (contactId, query = {}, options) => {
      const path = { contactId };
      return answer(http.GET('/v1/contacts/{contactId}/history', call(options, { path, query })));
    },
    replay: (contactId, body, options) => {
      const path = { contactId };
      return answer(http.POST('/v1/contacts/{contactId}/replay', { body, ...call(options, { path }) }));
    },
    retention: (contactId, options) => {
      const path = { contactId };
      return answer(http.GET('/v1/contacts/{contactId}/retention', call(options, { path })));
    },
    erasure: (contactId, options) => {
      const path = { contactId };
      return answer(http.GET('/v1/erasures/{contactId}', call(options, { path })));
    },
    deliveries: (contactId, options) => {
      const path = { contactId };
      return answer(http.GET('/v1/contacts/{contactId}/deliveries', call(options, { path })));
    },
    policies: (options) => answer(http.GET('/v1/policies', call(options))),

    createMailing: (body, options) => answer(http.POST('/v1/mailings', { body, ...call(options) })),
    addRecipients: (id, recipients, options) => {
      const { stop, ...stream } = lines(recipients, options);
      const init = { ...call(options, { path: { id } }), ...stream };
      return answer(http.POST('/v1/mailings/{id}/recipients', init)).finally(stop);
    },
    mailing: (id, options) => answer(http.GET('/v1/mailings/{id}', call(options, { path: { id } }))),
  };
}

/** The parameters of a call, in the form the HTTP client takes. */
function call<Where extends object>(options: RecordingOptions = {}, where?: Where) {
  const { correlationId, idempotencyKey, ifRevision, signal } = options;
  const header = {
    ...(correlationId !== undefined && { 'X-Correlation-Id': correlationId }),
    ...(idempotencyKey !== undefined && { 'Idempotency-Key': idempotencyKey }),
    ...(ifRevision !== undefined && { 'If-Match': `"${ifRevision}"` }),
  };
  return { params: { ...(where as Where), header }, ...(signal && { signal }) };
}

/**
 * A streamed body: the document calls it text, so the stream is put in its place when the request is made. `fetch` reads
 * a body to its end even when the answer is no longer wanted, so the values are to be stopped apart from it.
 */
function lines(values: Iterable<unknown> | AsyncIterable<unknown>, { signal }: CallOptions = {}) {
  const stopping = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stopping.signal]) : stopping.signal;
  return {
    body: '',
    bodySerializer: () => writeLines(values, stopped),
    headers: { 'Content-Type': 'application/x-ndjson' },
    duplex: 'half',
    signal: stopped,
    stop: () => stopping.abort(),
  } as const;
}

async function answer<Data>(
  exchange: Promise<{ readonly data?: Data; readonly error?: unknown; readonly response: Response }>,
): Promise<NonNullable<Data>> {
  const { data, error, response } = await exchange;
  if (!response.ok) throw errorOf(response.status, error);
  if (data === undefined || data === null) throw new UnexpectedAnswer(response.status);
  return data;
}
