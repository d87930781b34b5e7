import {
  compilePolicy,
  type Instant,
  type Policy,
  type PolicyDocument,
  type PublishedPolicy,
} from '@consent-ledger/consent';
import type { EventStore, RecordedEvent } from '@consent-ledger/event-store';
import { recordedAtOf } from '../recorded-instants.js';
import { policyStream, type PolicyEventData } from './policy-events.js';

/** What is on record of a publication besides its policy and its moment. */
export type PublicationNote = Omit<PolicyEventData['PolicyPublished'], 'document'>;

/** A policy made ready to judge by, with all that is on record of its publication. */
export type PolicyPublication = PublishedPolicy & PublicationNote;

/** Every policy published: a `PolicyHistory` with what is on record of each publication. Never empty. */
export type PublicationHistory = readonly [PolicyPublication, ...PolicyPublication[]];

/** The policies that were published, made ready to judge by. */
export interface PolicyShelf {
  /** Every policy published, in the order of the log. Throws `NoPolicyPublished` when there is none. */
  history(): PublicationHistory;
  /** One version of a policy; `undefined` when it was never published. */
  find(id: string, version: number): Policy | undefined;
}

/** There is no policy to judge by yet. */
export class NoPolicyPublished extends Error {
  readonly code = 'NO_POLICY_PUBLISHED';
  constructor() {
    super('No policy has been published: publish one before asking for a verdict.');
  }
}

/** A policy document and the moment this service came to know it. */
export interface PublishedDocument extends PublicationNote {
  readonly document: PolicyDocument;
  readonly publishedAt: Instant;
}

/** A shelf of these documents. Throws `RangeError` for one that does not compile. */
export function createPolicyShelf(documents: readonly PublishedDocument[]): PolicyShelf {
  const published = documents.map(compile);
  const byName = new Map<string, Policy>();
  for (const { policy } of published) {
    const name = nameOf(policy.id, policy.version);
    // A version is never edited: what was published first under its name is what its verdicts were made by.
    if (!byName.has(name)) byName.set(name, policy);
  }
  return {
    history() {
      if (!isHistory(published)) throw new NoPolicyPublished();
      return published;
    },
    find: (id, version) => byName.get(nameOf(id, version)),
  };
}

/** Reads the policies with these ids straight from the log, for a process that keeps no read models. */
export async function loadPolicies(store: EventStore, ids: readonly string[]): Promise<PolicyShelf> {
  const streams = await Promise.all(ids.map((id) => store.readStream(policyStream(id))));
  const inLogOrder = streams.flat().sort((a, b) => a.position - b.position);
  return createPolicyShelf(inLogOrder.map(publishedDocumentOf));
}

/** Reads an event of a policy's stream. Throws `TypeError` for a type that it does not know. */
export function publishedDocumentOf(recorded: RecordedEvent): PublishedDocument {
  if (recorded.type !== 'PolicyPublished')
    throw new TypeError(`The event at position ${recorded.position} is not one of a policy.`);
  const data = recorded.data as unknown as PolicyEventData['PolicyPublished'];
  return { ...data, publishedAt: recordedAtOf(recorded) };
}

function isHistory(published: readonly PolicyPublication[]): published is PublicationHistory {
  return published.length > 0;
}

function compile({ document, ...published }: PublishedDocument): PolicyPublication {
  return { policy: compilePolicy(document), ...published };
}

function nameOf(id: string, version: number): string {
  return `${id}@${version}`;
}
