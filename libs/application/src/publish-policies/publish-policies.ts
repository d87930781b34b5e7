import { isDeepStrictEqual } from 'node:util';
import { policyVersionOf, type PolicyDocument } from '@consent-ledger/consent';
import { NO_STREAM, type EventStore, type JsonObject, type Position } from '@consent-ledger/event-store';
import { deterministicId, newId, type Clock } from '@consent-ledger/platform';
import { policyStream } from '@consent-ledger/projections';
import { systemMetadata } from '../system-event.js';

/** A version of a policy is published once: its text may not change afterwards, because verdicts were given by it. */
export class PolicyChanged extends Error {
  readonly code = 'POLICY_CHANGED';
  constructor(id: string, version: number) {
    super(
      `Policy "${id}" version ${version} was published with another content. Give the changed policy a new version.`,
    );
  }
}

/**
 * Publishes each document that the log does not hold yet as `PolicyPublished`, so that replays know which policy was in
 * force as known at any moment (law 3). Answers the position of the last one. Throws `PolicyChanged`.
 */
export async function publishPolicies(
  store: EventStore,
  clock: Clock,
  documents: readonly PolicyDocument[],
): Promise<Position | undefined> {
  let position: Position | undefined;
  for (const document of [...documents].sort((a, b) => a.version - b.version)) {
    const streamId = policyStream(document.id);
    const published = await store.readStream(streamId);
    const same = published.find(
      ({ data }) => (data['document'] as unknown as PolicyDocument).version === document.version,
    );
    if (same) {
      if (!isDeepStrictEqual(same.data['document'], JSON.parse(JSON.stringify(document))))
        throw new PolicyChanged(document.id, document.version);
      continue;
    }
    const revision = published.at(-1)?.revision ?? NO_STREAM;
    const appended = await store.append(streamId, revision, [policyPublished(document, clock)]);
    position = appended.position;
  }
  return position;
}

function policyPublished(document: PolicyDocument, clock: Clock) {
  return {
    id: deterministicId('policy', document.id, document.version),
    type: 'PolicyPublished',
    data: { document: document as unknown as JsonObject },
    metadata: systemMetadata(clock, newId(), policyVersionOf(document)),
  };
}
