/** A signed link begins with `{"` in base64url; its signature has 43 characters. */
const TOKEN = /eyJ[\w-]{1,1600}\.[\w-]{1,1600}\.[\w-]{43}/g;
/** No message of ours bears more. */
const MAX_TOKENS = 4;
const MAX_TEXT = 16 * 1024;

/**
 * What may be signed links in a text, whatever was done to it: a prefix such as `Re:`, blanks from folding, percent signs.
 * None of it is checked.
 */
export function tokensIn(...texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => {
    const plain = text.slice(0, MAX_TEXT);
    return [...(plain.match(TOKEN) ?? []), ...(plain.replace(/\s+/g, '').match(TOKEN) ?? [])];
  });
  return [...new Set(found)].slice(0, MAX_TOKENS);
}
