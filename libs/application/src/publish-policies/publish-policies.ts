import { isDeepStrictEqual } from 'node:util';
import { policyVersionOf, type Actor, type Instant, type PolicyDocument } from '@consent-ledger/consent';
import {
  NO_STREAM,
  RevisionConflict,
  START,
  type EventStore,
  type JsonObject,
  type NewEvent,
  type Position,
} from '@consent-ledger/event-store';
import { deterministicId, newId, type Clock } from '@consent-ledger/platform';
import {
  contactOfStream,
  mailEventOf,
  policyStream,
  publishedDocumentOf,
  type PublicationNote,
  type PublishedDocument,
} from '@consent-ledger/projections';
import { systemMetadata } from '../system-event.js';

/** How a policy is published, and by whom. */
export interface PublicationOptions {
  /** Also when the policy would be in force from a moment in the past, or before an earlier version of it. */
  readonly force?: boolean;
  /** Why, in the operator's words; they stay in the log. Needed to force. */
  readonly reason?: string;
  readonly actor?: Actor;
  readonly correlationId?: string;
}

/** A policy version as it stands in the log. */
export interface Publication extends PublishedDocument {
  readonly position: Position;
  /** Whether it was published just now, and not before with the same content. */
  readonly isNew: boolean;
}

/** A policy that may not be published; the message says what to do. */
export class PublicationRefused extends Error {
  constructor(
    readonly code:
      | 'POLICY_CHANGED'
      | 'POLICY_VERSION_NOT_GREATER'
      | 'STATEMENT_CHANGED'
      | 'POLICY_IN_FORCE_IN_PAST'
      | 'POLICY_OVERTAKEN',
    message: string,
  ) {
    super(message);
  }
}

/**
 * Publishes each document that the log does not hold yet as `PolicyPublished`, so that replays know which policy was in
 * force as known at any moment (law 3). Answers the position of the last one that is new. Throws `PublicationRefused`.
 */
export async function publishPolicies(
  store: EventStore,
  clock: Clock,
  documents: readonly PolicyDocument[],
): Promise<Position | undefined> {
  let position: Position | undefined;
  for (const document of [...documents].sort((a, b) => a.version - b.version)) {
    const publication = await publishPolicy(store, clock, document);
    if (publication.isNew) position = publication.position;
  }
  return position;
}

const ATTEMPTS = 8;
/** Policies, keys and the like stand before the first contact; where there are so many, contacts are behind them. */
const FIRST_EVENTS = 100;

/**
 * Publishes one document. Throws `PublicationRefused` when its version was published with another content or is not greater
 * than the last one, when it changes the text of a statement under its old version (P3), and, unless it is forced, when it
 * would be in force from a moment that lies before now: verdicts of that time are on record (law 3); or from before an earlier
 * version, which would then come into force after it.
 */
export async function publishPolicy(
  store: EventStore,
  clock: Clock,
  document: PolicyDocument,
  options: PublicationOptions = {},
): Promise<Publication> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await publish(store, clock, document, options);
    } catch (error) {
      if (!(error instanceof RevisionConflict) || attempt === ATTEMPTS) throw error;
    }
  }
}

async function publish(
  store: EventStore,
  clock: Clock,
  document: PolicyDocument,
  options: PublicationOptions,
): Promise<Publication> {
  const streamId = policyStream(document.id);
  const recorded = await store.readStream(streamId);
  const versions = recorded.map((event) => ({ ...publishedDocumentOf(event), position: event.position }));
  const same = versions.find((published) => published.document.version === document.version);
  if (same) {
    requireUnchanged(same.document, document);
    return { ...same, isNew: false };
  }
  for (const published of versions) requireSuccessor(published.document, document);
  const note = await noteOf(store, clock, versions, document, options);
  const event = policyPublished(document, note, clock, options);
  const revision = recorded.at(-1)?.revision ?? NO_STREAM;
  const { position } = await store.append(streamId, revision, [event]);
  return { document, ...note, publishedAt: Date.parse(event.metadata['recordedAt'] as string), position, isNew: true };
}

/** What is recorded of the publication. Throws `PublicationRefused` for one whose moment is wrong, unless it is forced. */
async function noteOf(
  store: EventStore,
  clock: Clock,
  versions: readonly PublishedDocument[],
  document: PolicyDocument,
  { force = false, reason }: PublicationOptions,
): Promise<PublicationNote> {
  const judgesAnew = Date.parse(document.inForceFrom) < latestOf(clock, versions) && (await hasJudged(store));
  const refusal = judgesAnew ? refusedForThePast(document) : refusedAsOvertaken(document, versions);
  if (refusal && !(force && reason !== undefined)) throw refusal;
  return { ...(refusal && { forced: true }), ...(reason !== undefined && { reason }) };
}

/**
 * Whether the log may hold verdicts. One that holds nothing of anybody does not: its first policies, and those that a first
 * start left unpublished when it was interrupted, may be in force from any moment.
 */
async function hasJudged(store: EventStore): Promise<boolean> {
  const first = await store.readAll(START, FIRST_EVENTS);
  const isOfSomebody = first.some((event) => contactOfStream(event.streamId) !== undefined || mailEventOf(event));
  return isOfSomebody || first.length === FIRST_EVENTS;
}

/** Now, and never before the last publication, also when the clock was set back. */
function latestOf(clock: Clock, versions: readonly PublishedDocument[]): Instant {
  return Math.max(clock.now(), ...versions.map(({ publishedAt }) => publishedAt));
}

function requireUnchanged(published: PolicyDocument, document: PolicyDocument): void {
  if (isDeepStrictEqual(published, JSON.parse(JSON.stringify(document)))) return;
  throw new PublicationRefused(
    'POLICY_CHANGED',
    `${titleOf(document)} was published with another content. Give the changed policy a new version.`,
  );
}

function requireSuccessor(published: PolicyDocument, document: PolicyDocument): void {
  if (document.version < published.version)
    throw new PublicationRefused(
      'POLICY_VERSION_NOT_GREATER',
      `${titleOf(document)} comes after version ${published.version}, which was published before. Give it a greater version.`,
    );
  for (const { id, version, hashes } of document.statements) {
    const before = published.statements.find((statement) => statement.id === id && statement.version === version);
    if (before && !agree(before.hashes, hashes))
      throw new PublicationRefused(
        'STATEMENT_CHANGED',
        `${titleOf(document)} changes the text of statement "${id}" version ${version}, which proofs of consent name. Give the changed statement a new version, beside the old one.`,
      );
  }
}

/** Whether two tables of hashes say the same of every language that both have. */
function agree(before: PolicyDocument['statements'][number]['hashes'], after: typeof before): boolean {
  return Object.entries(before).every(([language, hash]) => (after[language] ?? hash) === hash);
}

function refusedForThePast(document: PolicyDocument): PublicationRefused {
  return new PublicationRefused(
    'POLICY_IN_FORCE_IN_PAST',
    `${titleOf(document)} would be in force from ${document.inForceFrom}, which has passed: verdicts of that time are on record. ` +
      'Let inForceFrom lie ahead, or publish it with "ledger policy publish <file> --force --reason <why>".',
  );
}

/** The version that is in force is the one that came into force last, so an earlier one may follow a later one. */
function refusedAsOvertaken(
  document: PolicyDocument,
  versions: readonly PublishedDocument[],
): PublicationRefused | undefined {
  const after = versions.findLast((one) => Date.parse(one.document.inForceFrom) > Date.parse(document.inForceFrom));
  if (!after) return undefined;
  const { version, inForceFrom } = after.document;
  return new PublicationRefused(
    'POLICY_OVERTAKEN',
    `${titleOf(document)} would be in force from ${document.inForceFrom} only until ${inForceFrom}: version ${version}, published before, is in force from then on. ` +
      `Let inForceFrom be ${inForceFrom} or later: of two in force from one moment, the one published last counts. ` +
      'If it is to be in force before that too, publish it so first, and then its content once more under the next version with "ledger policy publish <file> --force --reason <why>".',
  );
}

function titleOf({ id, version }: PolicyDocument): string {
  return `Policy "${id}" version ${version}`;
}

function policyPublished(
  document: PolicyDocument,
  note: PublicationNote,
  clock: Clock,
  { actor, correlationId = newId() }: PublicationOptions,
): NewEvent {
  const metadata = systemMetadata(clock, correlationId, policyVersionOf(document));
  return {
    // Another content is another event: of two that are published at once under one version, the second is refused.
    id: deterministicId('policy', document.id, document.version, JSON.stringify(document)),
    type: 'PolicyPublished',
    data: { document: document as unknown as JsonObject, ...note },
    metadata: actor ? { ...metadata, actor: { ...actor } } : metadata,
  };
}
