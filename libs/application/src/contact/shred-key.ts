import type { EventStore, Revision } from '@consent-ledger/event-store';
import type { KeyVault } from '@consent-ledger/privacy';
import { loadContact, type Contact } from './load-contact.js';

export interface Shredding {
  readonly store: EventStore;
  readonly vault: Pick<KeyVault, 'find' | 'destroy'>;
}

/**
 * Destroys the key under which everything is sealed that a contact was judged by (P7). Answers `false`, and destroys nothing,
 * when something was recorded since: a key that was found before may be that of somebody who came back.
 */
export async function shredJudged({ store, vault }: Shredding, judged: Contact): Promise<boolean> {
  const { contactId, revision } = judged;
  const key = await vault.find(contactId);
  if ((await loadContact(store, contactId)).revision !== revision) return false;
  await vault.destroy(contactId, key?.id);
  return true;
}

/**
 * Destroys a key under which something was sealed while an erasure was being recorded, or a message that was kept back after
 * it. Somebody of whom anything occurred since the erasure keeps theirs.
 */
export async function shredLeftovers({ store, vault }: Shredding, contactId: string): Promise<void> {
  const key = await vault.find(contactId);
  if (!key) return;
  const { erased, latest } = (await loadContact(store, contactId)).state;
  if (erased && erased.at === latest) await vault.destroy(contactId, key.id);
}

/** Whether an erasure was recorded after a revision. */
export function wasErasedSince({ recorded }: Contact, revision: Revision): boolean {
  return recorded.some((event) => event.revision > revision && event.type === 'PersonalDataErased');
}
