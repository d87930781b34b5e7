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
  /**
   * Those whose key was destroyed though nothing in the log says that they were erased: it was restored from a copy of before.
   * By that log they may get mail again.
   */
  readonly unrecorded: readonly string[];
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
    private readonly vault: Pick<KeyVault, 'find' | 'destroy' | 'destroyedAmong'>,
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
    const unrecorded = new Set<string>();
    for (let position = START; position < until;) {
      signal?.throwIfAborted();
      const events = await this.store.readAll(position, EVENTS_AT_ONCE);
      for (const contactId of erasedIn(events))
        if (!outcomes.has(contactId)) outcomes.set(contactId, await this.#repeat(contactId));
      for (const contactId of await this.#shreddedIn(events))
        if (!(await this.#isRecorded(contactId))) unrecorded.add(contactId);
      position = events.at(-1)?.position ?? until;
      onProgress?.({ position, until });
    }
    const count = (wanted: Outcome) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
    return {
      erased: outcomes.size,
      destroyed: count('destroyed'),
      inUse: count('in-use'),
      unrecorded: [...unrecorded],
    };
  }

  /** The contacts of whom something in these events was sealed under a key that is destroyed. */
  async #shreddedIn(events: readonly RecordedEvent[]): Promise<ReadonlySet<string>> {
    const sealed = events.flatMap((event) => {
      const contactId = contactOfStream(event.streamId);
      const keyId = sealingKeyOf(event);
      return contactId === undefined || keyId === undefined ? [] : [{ contactId, keyId }];
    });
    const destroyed = await this.vault.destroyedAmong(sealed.map(({ keyId }) => keyId));
    return new Set(sealed.flatMap(({ contactId, keyId }) => (destroyed.has(keyId) ? [contactId] : [])));
  }

  /** Whether the log says of every destroyed key of a contact that they were erased. What was told late of somebody erased is. */
  async #isRecorded(contactId: string): Promise<boolean> {
    const { recorded, state } = await loadContact(this.store, contactId);
    if (state.erased && state.erased.at === state.latest) return true;
    const since = recorded.slice(recorded.findLastIndex(({ type }) => type === 'PersonalDataErased') + 1);
    const keyIds = since.flatMap((event) => sealingKeyOf(event) ?? []);
    return (await this.vault.destroyedAmong(keyIds)).size === 0;
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

function isSealedUnder(keyId: string, event: RecordedEvent): boolean {
  return sealingKeyOf(event) === keyId;
}

/** The id of the key under which a part of an event was sealed. */
function sealingKeyOf({ data: { sealed } }: RecordedEvent): string | undefined {
  return typeof sealed === 'string' ? keyIdOf(sealed) : undefined;
}
