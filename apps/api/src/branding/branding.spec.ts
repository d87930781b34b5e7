import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { shippedStyles } from '../recipients/assets.js';
import { plainBranding, readBranding } from './branding.js';
import { contrast, groundsOf } from './colour.js';

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"><rect width="8" height="4" fill="#7a1f5c"/></svg>';
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ', 'base64');
const accent = { light: '#7a1f5c', dark: '#f0a8d6' };

const folder = mkdtempSync(join(tmpdir(), 'consent-ledger-branding-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
}

const brand = (content: object): string => write('branding.yaml', stringify(content));

/** What a branding is refused with. */
function refusal(path: string): string {
  try {
    readBranding(path, shippedStyles);
    return 'it was taken';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('contrast', () => {
  it('is that of WCAG 2.2', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
    expect(contrast('#0b5a8a', '#0b5a8a')).toBe(1);
  });

  it('is measured on the grounds that the style sheet really has', () => {
    const { light, dark } = groundsOf(shippedStyles);
    expect([light.length, dark.length]).toStrictEqual([4, 4]);
    expect(light).toContain('#ffffff');
    expect(dark).not.toContain('#ffffff');
  });

  it('suffices for the accent that ships', () => {
    const shipped = { light: '#0b5a8a', dark: '#7cc4f0' };
    expect(shippedStyles).toMatch(/--accent: #0b5a8a[^]*--accent: #7cc4f0/);
    expect(readBranding(brand({ accent: shipped }), shippedStyles).accent).toStrictEqual(shipped);
  });
});

describe('a branding', () => {
  it('is the one that ships where no file is named, and where the file says nothing', () => {
    expect(readBranding(undefined, shippedStyles)).toBe(plainBranding);
    expect(readBranding(brand({}), shippedStyles)).toStrictEqual(plainBranding);
  });

  it('replaces the texts that it names, and no others', () => {
    const { texts } = readBranding(brand({ texts: { en: { subscribe: { title: 'Stay' } } } }), shippedStyles);
    expect(texts.en.subscribe).toStrictEqual({ ...plainBranding.texts.en.subscribe, title: 'Stay' });
    expect(texts.nl).toStrictEqual(plainBranding.texts.nl);
  });
});

describe('a branding that is not right is refused, and the message says why', () => {
  it.each([
    [
      'an accent that is hard to read',
      { accent: { light: '#ff9900', dark: accent.dark } },
      /accent\.light #ff9900 .*4\.5:1/,
    ],
    [
      'one that is hard to read in the dark',
      { accent: { ...accent, dark: '#222222' } },
      /accent\.dark #222222 .*4\.5:1/,
    ],
    ['a colour by its name', { accent: { ...accent, light: 'purple' } }, /accent\.light must be a colour such as/],
    ['an accent for one scheme alone', { accent: { light: accent.light } }, /accent\.dark must be a colour/],
    ['a field that is not known', { logos: 'logo.svg' }, /logos is not known; did you mean "logo"\?/],
    ['a page that is not known', { texts: { nl: { subscribed_: {} } } }, /texts\.nl\.subscribed_ .*"subscribed"/],
    [
      'a text that is not known',
      { texts: { en: { subscribe: { titel: 'x' } } } },
      /titel is not known; did you mean "title"/,
    ],
    [
      'a text that is none',
      { texts: { en: { subscribe: { title: 3 } } } },
      /texts\.en\.subscribe\.title must be a text/,
    ],
    [
      'a text where a page stands',
      { texts: { en: { subscribe: 'x' } } },
      /texts\.en\.subscribe must have fields: title/,
    ],
    ['a language that is not there', { texts: { de: {} } }, /texts\.de is not known/],
    ['an empty name', { name: ' ' }, /name must be a text/],
    ['a logo elsewhere', { logo: '../logo.svg' }, /logo must be the name of a file beside this one/],
    ['a logo that is not there', { logo: 'none.svg' }, /"none\.svg" cannot be read/],
    ['a file that is no map', [1], /the file must have fields/],
  ])('%s', (_what, content, message) => {
    expect(refusal(brand(content))).toMatch(message);
  });

  it.each([
    ['a script', SVG.replace('<rect', '<script>alert(1)</script><rect'), /no drawing/],
    ['a handler', SVG.replace('<rect', '<rect onload="alert(1)"'), /event handler/],
    [
      'an image from elsewhere',
      SVG.replace('<rect', '<image href="https://x.example/p.png"/><rect'),
      /link to something/,
    ],
    ['an entity', `<!DOCTYPE svg>${SVG}`, /neither an SVG|document type/],
    [
      'a style from elsewhere',
      SVG.replace('<rect', '<style>@import "https://x.example"</style><rect'),
      /style that loads/,
    ],
    ['another file by its name alone', 'GIF89a', /neither an SVG, a PNG nor a WebP/],
    ['nothing', '', /is empty/],
    ['too much', SVG + ' '.repeat(300_000), /at most 262144/],
    ['a PNG that breaks off', PNG.subarray(0, 20), /breaks off/],
  ])('a logo that holds %s', (_what, body, message) => {
    write('bad.svg', body);
    expect(refusal(brand({ logo: 'bad.svg' }))).toMatch(message);
  });

  it('a file that cannot be read, or is not YAML', () => {
    expect(refusal(join(folder, 'nowhere.yaml'))).toMatch(/the file cannot be read/);
    expect(refusal(write('broken.yaml', 'name: [a'))).toMatch(/is not YAML/);
  });

  it('with all that is wrong with it at once', () => {
    const message = refusal(brand({ name: '', accent: { light: 'x', dark: 'y' }, font: 'z' }));
    expect(message.split('\n').filter((line) => line.includes('BRANDING_PATH'))).toHaveLength(4);
  });
});
