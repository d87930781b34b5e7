import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { startService, type TestService } from '../support/service.js';
import { styleSheetOf, visit } from './pages.js';

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><rect width="8" height="4" fill="#7a1f5c"/></svg>';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const accent = { light: '#7a1f5c', dark: '#f0a8d6' };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'consent-ledger-branding-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

const brand = async (content: object): Promise<string> => write('branding.yaml', stringify(content));

/** A file that the pages load, as a browser gets it; it is no part of the contract. */
const fetched = ({ url }: TestService, path: string) => fetch(new URL(path, url));

describe('pages with a branding', () => {
  let service: TestService;

  beforeAll(async () => {
    await write('logo.svg', SVG);
    await write('logo-on-dark.png', PNG);
    const path = await brand({
      name: 'Cadeau & Gemak',
      logo: { light: 'logo.svg', dark: 'logo-on-dark.png' },
      accent,
      texts: { nl: { subscribe: { title: 'Blijf <op> de hoogte' }, privacy: 'Onze privacy' } },
    });
    service = await startService({ environment: { BRANDING_PATH: path } });
  });
  afterAll(() => service.stop());

  it('bear its name, its logo and its words, and keep the controller where the law asks for it', async () => {
    const { text } = await visit(service, '/subscribe');
    expect(text).toContain('<title>Blijf &lt;op&gt; de hoogte – Cadeau &amp; Gemak</title>');
    expect(text).toContain('alt="Cadeau &amp; Gemak"');
    expect(text).toContain('<h1>Blijf &lt;op&gt; de hoogte</h1>');
    expect(text).toContain('>Onze privacy</a>');
    expect(text).toMatch(/<footer>\s*<p>DNP Giftcard BV,/);
    expect((await visit(service, '/subscribe', 'en')).heading).toBe('Subscribe');
  });

  it('load the logo and the colour from files that may be kept for ever, under a strict policy', async () => {
    const { text, headers } = await visit(service, '/subscribe');
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    const files = [...text.matchAll(/(?:href|src|srcset)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    expect(files.map((path) => path.replace(/\.[\da-f]{16}\./, '.'))).toStrictEqual([
      '/assets/pages.css',
      '/assets/icon.svg',
      '/assets/logo.png',
      '/assets/logo.svg',
    ]);
    for (const path of files) {
      const reply = await fetched(service, path);
      expect([path, reply.status]).toStrictEqual([path, 200]);
      expect(reply.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
      expect(reply.headers.get('content-security-policy')).toContain('sandbox');
    }
    const css = await (await fetched(service, files[0]!)).text();
    expect(css).toMatch(/--accent: #7a1f5c[^]*prefers-color-scheme: dark[^]*--accent: #f0a8d6/);
    const icon = await (await fetched(service, files[1]!)).text();
    expect(icon).toContain(accent.light);
    const logo = await fetched(service, files[3]!);
    expect([logo.headers.get('content-type'), await logo.text()]).toStrictEqual(['image/svg+xml', SVG]);
  });

  it('serve no other file', async () => {
    for (const name of ['pages.css', 'logo.svg', '..%2fbranding.yaml', 'constructor', 'branding.yaml'])
      expect([name, (await fetched(service, `/assets/${name}`)).status]).toStrictEqual([name, 404]);
  });
});

describe('a style sheet', () => {
  it('is under ten kilobytes, and has another name once its content is another', async () => {
    const plain = await startService();
    const path = await brand({ accent });
    const branded = await startService({ environment: { BRANDING_PATH: path } });
    try {
      const text = await (await fetched(plain, await styleSheetOf(plain))).text();
      expect(Buffer.byteLength(text)).toBeLessThan(10_000);
      expect(await styleSheetOf(branded)).not.toBe(await styleSheetOf(plain));
    } finally {
      await plain.stop();
      await branded.stop();
    }
  });
});

it('a branding that is not right stops the start, and the message says why', async () => {
  const path = await brand({ accent: { light: '#ff9900', dark: accent.dark } });
  const started = startService({ environment: { BRANDING_PATH: path } });
  await expect(started).rejects.toMatchObject({ code: 'CONFIGURATION', message: expect.stringContaining('4.5:1') });
});
