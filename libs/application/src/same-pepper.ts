import { NO_STREAM, RevisionConflict, type EventStore } from '@consent-ledger/event-store';
import { ConfigurationError, deterministicId, newId, type Clock } from '@consent-ledger/platform';
import type { ContactIds } from '@consent-ledger/privacy';
import { systemMetadata } from './system-event.js';

export const LEDGER_STREAM = 'ledger';
/** Nobody's address: what it hashes to says which pepper the log was written with, and nothing about anyone. */
const NOBODY = 'nobody@ledger.invalid';

/**
 * Makes sure that the log was written with this pepper; a new log remembers it. With another one every contact would be a
 * stranger, and opt-outs would be recorded for people who do not exist. Throws `ConfigurationError`.
 */
export async function requireSamePepper(store: EventStore, contactIds: ContactIds, clock: Clock): Promise<void> {
  const check = contactIds.fromAddress(NOBODY);
  if (((await remembered(store)) ?? (await remember(store, check, clock))) === check) return;
  throw new ConfigurationError([
    'LEDGER_PEPPER, or the pepper in secrets.json, is not the one that this log was written with: put that one back',
  ]);
}

async function remembered(store: EventStore): Promise<unknown> {
  const [created] = await store.readStream(LEDGER_STREAM, { limit: 1 });
  return created?.data['pepperCheck'];
}

/** Answers what the log remembers then: another process may have been first, with another pepper. */
async function remember(store: EventStore, pepperCheck: string, clock: Clock): Promise<unknown> {
  const event = {
    id: deterministicId(LEDGER_STREAM, pepperCheck),
    type: 'LedgerCreated',
    data: { pepperCheck },
    metadata: systemMetadata(clock, newId(), ''),
  };
  try {
    await store.append(LEDGER_STREAM, NO_STREAM, [event]);
    return pepperCheck;
  } catch (error) {
    if (error instanceof RevisionConflict) return remembered(store);
    throw error;
  }
}
