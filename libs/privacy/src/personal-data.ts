import type { JsonObject } from './json.js';
import { KeyMissing, type DataKey, type KeyVault } from './key-vault.js';
import { open, seal, SealBroken } from './seal.js';

/** The event beside which something is sealed; it opens nowhere else. */
export interface EventPlace {
  readonly streamId: string;
  readonly eventId: string;
}

/** What is to be sealed for an event of a contact. */
export interface Unsealed {
  readonly contactId: string;
  readonly place: EventPlace;
  readonly value: JsonObject;
}

/** Seals what identifies or describes a person under the contact's own key, and opens it until that key is destroyed. */
export interface PersonalData {
  /** Seals a value for an event of a contact; the contact gets a key when there is none, durable before this resolves. */
  seal(contactId: string, place: EventPlace, value: JsonObject): Promise<string>;

  /** Seals many values, of as many contacts, in their order; the keys that are new are made durable together, before this resolves. */
  sealEach(unsealed: readonly Unsealed[]): Promise<readonly string[]>;

  /**
   * The value that was sealed for this event, or `erased` when the key it was sealed under was destroyed, also when the
   * contact came back and has another. Rejects with `SealBroken` for changed or moved text, with `KeyMissing` when the
   * vault knows nothing of its key.
   */
  open(contactId: string, place: EventPlace, sealed: string): Promise<JsonObject | 'erased'>;

  /** Whether the key under which this was sealed was destroyed. Nothing is opened for it. Rejects with `SealBroken`. */
  isErased(sealed: string): Promise<boolean>;

  /** Those of the sealed texts whose key was destroyed, as `isErased` tells it of one. */
  erasedAmong(sealed: readonly string[]): Promise<ReadonlySet<string>>;
}

/** Personal data sealed under the keys of a vault. Sealed text is `<key id>.<sealed under that key>`. */
export function createPersonalData(vault: KeyVault): PersonalData {
  return {
    async seal(contactId, place, value) {
      return sealedUnder(await vault.keyFor(contactId), place, value);
    },
    async sealEach(unsealed) {
      const keys = await vault.keysFor(unsealed.map(({ contactId }) => contactId));
      return unsealed.map(({ place, value }, at) => sealedUnder(keys[at]!, place, value));
    },
    async open(contactId, place, sealed) {
      const { keyId, text } = split(sealed);
      const current = await vault.find(contactId);
      if (current?.id === keyId) return open(current.key, aadOf(keyId, place), text);
      if (await vault.wasDestroyed(keyId)) return 'erased';
      throw new KeyMissing();
    },
    async isErased(sealed) {
      return vault.wasDestroyed(split(sealed).keyId);
    },
    async erasedAmong(sealed) {
      const destroyed = await vault.destroyedAmong(sealed.map((text) => split(text).keyId));
      return new Set(destroyed.size === 0 ? [] : sealed.filter((text) => destroyed.has(split(text).keyId)));
    },
  };
}

function sealedUnder({ id, key }: DataKey, place: EventPlace, value: JsonObject): string {
  return `${id}.${seal(key, aadOf(id, place), value)}`;
}

/** The id of the key under which a text was sealed; it tells nothing of the person. Throws `SealBroken`. */
export function keyIdOf(sealed: string): string {
  return split(sealed).keyId;
}

function split(sealed: string): { keyId: string; text: string } {
  const dot = sealed.indexOf('.');
  if (dot === -1) throw new SealBroken();
  return { keyId: sealed.slice(0, dot), text: sealed.slice(dot + 1) };
}

function aadOf(keyId: string, { streamId, eventId }: EventPlace): string {
  return JSON.stringify([keyId, streamId, eventId]);
}
