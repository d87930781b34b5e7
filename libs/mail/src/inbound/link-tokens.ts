/** A signed link begins with `{"` in base64url; its signature has 43 characters. */
const OPENING = 'eyJ';
const SIGNATURE_LENGTH = 43;
/** No message of ours bears more. */
const MAX_TOKENS = 4;
/** Of all texts together: room for the links of a message, twice. */
const MAX_TEXT = 8 * 1024;

/**
 * What may be signed links in texts, whatever was done to them: a prefix such as `Re:`, blanks from folding, percent signs.
 * None of it is checked, and the time it takes grows with the length of the texts and no faster: anybody may send them.
 */
export function tokensIn(...texts: readonly string[]): string[] {
  const plain = texts.join('\n');
  const unfolded = texts.map((text) => text.replace(/\s+/g, '')).join('\n');
  const found = [plain, unfolded].flatMap((text) => tokensAmong(text.slice(0, MAX_TEXT)));
  return [...new Set(found)].slice(0, MAX_TOKENS);
}

function tokensAmong(text: string): string[] {
  return text.split(/[^\w.-]+/).flatMap((run) => {
    const parts = run.split('.');
    return parts.flatMap((part, at) => tokenOf(part, parts[at + 1], parts[at + 2]));
  });
}

/** What stands before the opening or behind the signature is another word's. */
function tokenOf(header: string, payload = '', signature = ''): string[] {
  const from = header.indexOf(OPENING);
  if (from < 0 || payload === '' || signature.length < SIGNATURE_LENGTH) return [];
  return [`${header.slice(from)}.${payload}.${signature.slice(0, SIGNATURE_LENGTH)}`];
}
