import type { Clock } from '@consent-ledger/platform';
import type { Reply, RequestOptions, TestService } from '../support/service.js';

export const signupForm = { id: 'signup-form', version: 1, language: 'nl' };
export const webForm = { kind: 'web-form' };

/** One call that records a fact, without whom it is about. */
export interface Fact {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

type More = Readonly<Record<string, unknown>>;

export const optIn = (purposes: readonly string[], more: More = {}): Fact => ({
  path: '/v1/opt-ins',
  body: { purposes, statement: signupForm, source: webForm, ...more },
});

export const optOut = (purposes: readonly string[] | 'all', more: More = {}): Fact => ({
  path: '/v1/opt-outs',
  body: { purposes, source: { kind: 'preference-page' }, ...more },
});

export const relationship = (kind: string, more: More = {}): Fact => ({
  path: '/v1/relationships',
  body: { kind, source: { kind: 'crm' }, ...more },
});

/** P2: an agreement that starts with every condition of the soft opt-in on record. */
export const customer = (more: More = {}): Fact =>
  relationship('customer-started', { informedAtCollection: true, optOutOffered: true, similarProducts: true, ...more });

export const deliverability = (kind: string, more: More = {}): Fact => ({
  path: '/v1/deliverability',
  body: { kind, source: { kind: 'mail-provider' }, ...more },
});

export const restriction = (restricted: boolean, more: More = {}): Fact => ({
  path: '/v1/restrictions',
  body: { restricted, reason: 'Bezwaar in behandeling', source: { kind: 'customer-service' }, ...more },
});

export const erasure = (reason: string, more: More = {}): Fact => ({
  path: '/v1/erasures',
  body: { reason, source: { kind: 'customer-service' }, ...more },
});

export const legalHold = (held: boolean, more: More = {}): Fact => ({
  path: '/v1/legal-holds',
  body: { held, reason: 'Claim in behandeling', source: { kind: 'customer-service' }, ...more },
});

let people = 0;

/** The address of somebody whom no other test knows. */
export function somebody(): string {
  return `somebody-${++people}@example.org`;
}

/** Records one fact about an address, and answers whatever the service does. */
export function record(service: TestService, address: string, { path, body }: Fact, rest?: RequestOptions) {
  return service.post(path, { address, ...body }, rest);
}

/** Earlier requests: each fact is recorded in turn; answers what the last one recorded. Throws when one is not. */
export async function given(service: TestService, address: string, ...facts: readonly Fact[]): Promise<Reply['body']> {
  let last: Reply['body'];
  for (const fact of facts) {
    const reply = await record(service, address, fact);
    // Time may have erased it before the request did: then the answer is the certificate of that.
    if (reply.status !== 201 && reply.body?.certificate === undefined)
      throw new Error(`${fact.path} was not recorded: ${reply.status} ${reply.text}`);
    last = reply.body;
  }
  return last;
}

/** The answer to "may I send this?", which knows all that was recorded before. */
export async function ask(service: TestService, address: string, purpose: string, more: More = {}) {
  const { body } = await service.post('/v1/eligibility', { address, purpose, consistency: 'strong', ...more });
  return body;
}

/** The events of a contact in the order in which they happened. */
export async function eventsOf(service: TestService, address: string, query = ''): Promise<any[]> {
  const { contactId } = (await service.post('/v1/contacts/lookup', { address })).body;
  return (await service.get(`/v1/contacts/${contactId}/history${query}`)).body.events;
}

export async function eventTypesOf(service: TestService, address: string): Promise<string[]> {
  return (await eventsOf(service, address)).map(({ type }) => type);
}

/** A clock that stands still until it is set. */
export interface SetClock extends Clock {
  set(instant: string): void;
}

export function clockAt(instant: string): SetClock {
  let now = Date.parse(instant);
  return { now: () => now, set: (next) => void (now = Date.parse(next)) };
}
