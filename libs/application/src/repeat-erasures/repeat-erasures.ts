import { START, type EventStore, type Position, type RecordedEvent } from '@consent-ledger/event-store';
import { keyIdOf, type KeyVault } from '@consent-ledger/privacy';
import { contactOfStream } from '@consent-ledger/projections';
import { loadContact } from '../contact/load-contact.js';

export interface RepeatProgress {
  readonly position: Position;
  readonly until: Position;
}

/** What came of the erasures in the log; a contact that was erased twice counts once. */
export interface Repeated {
  readonly erased: number;
  /** Of how many the key had come back, and was destroyed again. */
  readonly destroyed: number;
  /** Of how many it cannot be destroyed here: something was sealed under it since they came back. */
  readonly inUse: number;
}

const EVENTS_AT_ONCE = 1_000;

type Outcome = 'gone' | 'destroyed' | 'in-use';

/**
 * Destroys the keys that erasures in the log had destroyed and that stand in the vault again, as they do when the vault was
 * restored from a copy of before (P7). It changes nothing where there are none, and may be run as often as one likes.
 */
export class RepeatErasures {
  constructor(
    private readonly store: EventStore,
    private readonly vault: Pick<KeyVault, 'find' | 'destroy'>,
  ) {}

  async run({
    onProgress,
    signal,
  }: {
    readonly onProgress?: (progress: RepeatProgress) => void;
    readonly signal?: AbortSignal;
  } = {}): Promise<Repeated> {
    const until = await this.store.head();
    const outcomes = new Map<string, Outcome>();
    for (let position = START; position < until;) {
      signal?.throwIfAborted();
      const events = await this.store.readAll(position, EVENTS_AT_ONCE);
      for (const contactId of erasedIn(events))
        if (!outcomes.has(contactId)) outcomes.set(contactId, await this.#repeat(contactId));
      position = events.at(-1)?.position ?? until;
      onProgress?.({ position, until });
    }
    const count = (wanted: Outcome) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
    return { erased: outcomes.size, destroyed: count('destroyed'), inUse: count('in-use') };
  }

  /** The key of somebody who came back is theirs when nothing of before the erasure was sealed under it. */
  async #repeat(contactId: string): Promise<Outcome> {
    const key = await this.vault.find(contactId);
    if (!key) return 'gone';
    const { recorded } = await loadContact(this.store, contactId);
    const erasedAt = recorded.findLastIndex(({ type }) => type === 'PersonalDataErased');
    const since = recorded.slice(erasedAt + 1);
    const isUnder = (event: RecordedEvent) => isSealedUnder(key.id, event);
    const isOfBefore = recorded.slice(0, erasedAt).some(isUnder);
    if (since.some(isUnder)) return isOfBefore ? 'in-use' : 'gone';
    if (since.length > 0 && !isOfBefore) return 'gone';
    await this.vault.destroy(contactId, key.id);
    return 'destroyed';
  }
}

function erasedIn(events: readonly RecordedEvent[]): string[] {
  const erasures = events.filter(({ type }) => type === 'PersonalDataErased');
  return erasures.flatMap(({ streamId }) => contactOfStream(streamId) ?? []);
}

function isSealedUnder(keyId: string, { data }: RecordedEvent): boolean {
  return typeof data['sealed'] === 'string' && keyIdOf(data['sealed']) === keyId;
}
