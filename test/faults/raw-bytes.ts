import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Every file under a directory by its path in it, as the bytes it holds. A file that goes while it is read is none. */
export async function filesUnder(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) files.set(name, await readFile(path));
  }
  return files;
}

/** The forms in which a text stands in some bytes, in upper or lower case. */
export function formsFound(bytes: Buffer, text: string): string[] {
  const haystack = lowered(bytes);
  return Object.entries(formsOf(text))
    .filter(([, forms]) => forms.some((form) => haystack.includes(lowered(form))))
    .map(([name]) => name);
}

/** A text in each form in which it may lie in a file. */
export function formsOf(text: string): Record<string, readonly Buffer[]> {
  const utf8 = Buffer.from(text);
  const utf16 = Buffer.from(text, 'utf16le');
  return {
    'utf-8': [utf8],
    'utf-16': [utf16, Buffer.from(utf16).swap16()],
    'latin-1': [Buffer.from(text, 'latin1')],
    base64: base64Of(utf8).map((form) => Buffer.from(form)),
    base64url: base64Of(utf8).map((form) => Buffer.from(form.replaceAll('+', '-').replaceAll('/', '_'))),
    hex: [Buffer.from(utf8.toString('hex'))],
    'percent-encoded': [Buffer.from(encodeURIComponent(text))],
    'json-escaped': [Buffer.from(JSON.stringify(text).slice(1, -1)), Buffer.from(escaped(text))],
  };
}

/** What base64 makes of some bytes wherever they begin in the whole: without the characters that their neighbours share. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const end = (offset + bytes.length) % 3 === 0 ? whole.length : whole.length - 1;
    return whole.slice(offset === 0 ? 0 : offset + 1, end);
  });
}

function escaped(text: string): string {
  return [...text]
    .map((char) => (char < '\u0080' ? char : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`))
    .join('');
}

/** A to Z in lower case, and every other byte as it is. */
function lowered(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)));
}
