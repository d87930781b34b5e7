/** A picture as it is served. */
export interface Logo {
  readonly type: 'image/svg+xml' | 'image/png' | 'image/webp';
  readonly extension: 'svg' | 'png' | 'webp';
  readonly body: Buffer;
}

/** In bytes. */
const LARGEST = 256 * 1024;
/** In pixels, either way. */
const WIDEST = 4096;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * What runs, or loads from elsewhere, in an SVG that is opened for itself. It finds an export that its maker did not look
 * into, and is no wall: the file is the operator's own, and is served under `sandbox`, where nothing in it runs.
 */
const NOT_IN_SVG: readonly (readonly [RegExp, string])[] = [
  [/<!(doctype|entity)/i, 'a document type or an entity'],
  [/<(script|foreignobject|iframe|embed|object|handler|audio|video)\b/i, 'an element that is no drawing'],
  [/\son[a-z]+\s*=/i, 'an event handler'],
  [/javascript:/i, 'a script'],
  [/\b(href|src)\s*=\s*["']?\s*(?!["'#]|data:image\/(png|jpeg|webp)[;,])\S/i, 'a link to something else'],
  [/@import|url\(\s*["']?(?!["'#])\S/i, 'a style that loads something else'],
];

/** Reads a logo by what it holds, whatever it is called; or says what is wrong with it. */
export function readLogo(body: Buffer): { readonly logo: Logo } | { readonly fault: string } {
  if (body.length === 0) return { fault: 'is empty' };
  if (body.length > LARGEST) return { fault: `has ${body.length} bytes; at most ${LARGEST} are served` };
  if (body.subarray(0, PNG.length).equals(PNG)) return readPng(body);
  if (body.toString('latin1', 0, 4) === 'RIFF' && body.toString('latin1', 8, 12) === 'WEBP')
    return { logo: { type: 'image/webp', extension: 'webp', body } };
  return readSvg(body);
}

function readPng(body: Buffer): ReturnType<typeof readLogo> {
  if (body.length < 24 || body.toString('latin1', 12, 16) !== 'IHDR') return { fault: 'is a PNG that breaks off' };
  const [width, height] = [body.readUInt32BE(16), body.readUInt32BE(20)];
  if (Math.max(width, height) > WIDEST || width * height === 0)
    return { fault: `is ${width} by ${height} pixels; at most ${WIDEST} either way are served` };
  return { logo: { type: 'image/png', extension: 'png', body } };
}

function readSvg(body: Buffer): ReturnType<typeof readLogo> {
  const text = body.toString('utf8').replace(/^\ufeff/, '');
  if (!/^\s*(<\?xml[^>]*\?>\s*)?(<!--[^]*?-->\s*)*<svg[\s>]/.test(text))
    return { fault: 'is neither an SVG, a PNG nor a WebP' };
  const found = NOT_IN_SVG.find(([pattern]) => pattern.test(text));
  if (found) return { fault: `holds ${found[1]}, which an SVG that strangers open may not` };
  return { logo: { type: 'image/svg+xml', extension: 'svg', body } };
}
