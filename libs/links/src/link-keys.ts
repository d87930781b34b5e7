/** A key that signs links; `secret` has at least 32 bytes (RFC 7518 §3.2). */
export interface LinkKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

const MIN_SECRET_BYTES = 32;

/** Throws `RangeError` when there is no key, an id is used twice or a secret is short. */
export function requireKeys(keys: readonly LinkKey[]): void {
  if (keys.length === 0) throw new RangeError('Links need at least one key to be signed with.');
  const ids = new Set<string>();
  for (const { id, secret } of keys) {
    if (ids.has(id)) throw new RangeError(`Two link keys have the id "${id}".`);
    if (secret.length < MIN_SECRET_BYTES)
      throw new RangeError(`The link key "${id}" needs at least ${MIN_SECRET_BYTES} bytes.`);
    ids.add(id);
  }
}
