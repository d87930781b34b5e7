import type { EventMetadata } from '@consent-ledger/consent';
import type { JsonObject } from '@consent-ledger/event-store';
import { toRfc3339, type Clock } from '@consent-ledger/platform';

/** The metadata of an event that the service itself causes: it is recorded as it happens. */
export function systemMetadata(clock: Clock, correlationId: string, policyVersion: string): JsonObject {
  const now = toRfc3339(clock.now());
  const metadata: EventMetadata = {
    occurredAt: now,
    recordedAt: now,
    actor: { kind: 'system' },
    source: { kind: 'scheduler' },
    correlationId,
    schemaVersion: 1,
    policyVersion,
  };
  return metadata as unknown as JsonObject;
}
