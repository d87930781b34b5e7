import { RevisionConflict, type RecordedEvent } from '@consent-ledger/event-store';
import { newId, toRfc3339 } from '@consent-ledger/platform';
import { openLogOf } from '../support/engines.js';
import type { TestService } from '../support/service.js';
import { signedPath } from './pages.js';

const DAY = 86_400_000;

/** Gives consent three years ago and some days, one unless said otherwise; answers the contact's id. */
export async function optInLongAgo(
  service: TestService,
  address: string,
  purposes: readonly string[],
  days = 1,
): Promise<string> {
  const occurredAt = new Date(Date.now() - days * DAY);
  occurredAt.setUTCFullYear(occurredAt.getUTCFullYear() - 3);
  const { status, body } = await service.post('/v1/opt-ins', {
    address,
    purposes,
    statement: { id: 'signup-form', version: 1, language: 'nl' },
    source: { kind: 'web-form' },
    occurredAt: occurredAt.toISOString(),
  });
  if (status !== 201) throw new Error(`The opt-in was answered with ${status}.`);
  return body.contactId;
}

/** The path of the page that asks this person again about consent given some days more than three years ago, one unless said otherwise (P5). */
export async function promptLink(
  service: TestService,
  address: string,
  purposes: readonly string[] = ['newsletter', 'event-invitation'],
  days = 1,
): Promise<string> {
  const contactId = await optInLongAgo(service, address, purposes, days);
  const promptId = await promptOnRecord(service, contactId, purposes);
  return signedPath(service, { kind: 'reconsent', contactId, promptId });
}

/** The id of the prompt in the contact's stream, put there unless the service was first. */
async function promptOnRecord(service: TestService, contactId: string, purposes: readonly string[]): Promise<string> {
  const store = await openLogOf(service.directory);
  try {
    for (;;) {
      const events = await store.readStream(`contact-${contactId}`);
      const prompt = events.find(({ type }) => type === 'ReconsentPrompted') ?? promptAfter(events.at(-1)!, purposes);
      if (events.includes(prompt as RecordedEvent)) return prompt.id;
      const appended = store.append(`contact-${contactId}`, events.at(-1)!.revision, [prompt]);
      if (await appended.then(() => true, isConflict)) return prompt.id;
    }
  } finally {
    await store.close();
  }
}

function promptAfter({ metadata }: RecordedEvent, purposes: readonly string[]) {
  const now = toRfc3339(Date.parse(metadata['recordedAt'] as string));
  return {
    id: newId(),
    type: 'ReconsentPrompted',
    data: { purposes: [...purposes] },
    metadata: { ...metadata, occurredAt: now, actor: { kind: 'system' }, source: { kind: 'scheduler' } },
  };
}

function isConflict(error: unknown): false {
  if (error instanceof RevisionConflict) return false;
  throw error;
}
