import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PolicyDocument } from '@consent-ledger/consent';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shipped = readFileSync(join(root, 'libs/consent/policies/dnp-giftcard.yaml'), 'utf8');
const { id, timeZone, inForceFrom, controller, purposes, statements } = parse(shipped) as PolicyDocument;

/** Words of this product too: `service` is a basis, `reconsent` a page and a mail, `sales-contact` a ground of retention. */
const wordsOfTheProduct = ['service', 'reconsent', 'sales-contact'];

/** What the shipped policy says and the code may not know: its names, its figures, and who it is of. */
const dataOfThePolicy = [
  id,
  timeZone,
  inForceFrom,
  ...Object.values(controller),
  ...Object.keys(purposes),
  ...statements.map((statement) => statement.id),
  ...new Set(shipped.match(/\bPT?\d\w*/g)),
].filter((word) => !wordsOfTheProduct.includes(word));

/** The sources that run, and the templates of what people read. */
const sources = globSync(['libs/**/*.{ts,hbs}', 'apps/**/*.{ts,hbs}'], { cwd: root })
  .filter((path) => !/\.(spec|fixture|contract|d)\.ts$|^libs\/testing\//.test(path))
  .map((path) => ({ path, text: withoutComments(readFileSync(join(root, path), 'utf8')) }));

describe('the shipped policy', () => {
  it('has names and figures to look for', () => {
    expect(dataOfThePolicy).toStrictEqual(
      expect.arrayContaining(['dnp-giftcard', 'newsletter', 'signup-form', 'P3Y', 'P30D', 'PT5M', 'Europe/Amsterdam']),
    );
    expect(sources.length).toBeGreaterThan(150);
  });

  it.each([...new Set(dataOfThePolicy)])('is data: no source knows of "%s"', (word) => {
    expect(sources.filter(({ text }) => knows(text, word)).map(({ path }) => path)).toStrictEqual([]);
  });

  it('would be found where a source knew it, and not in its comments', () => {
    const source = (text: string) => knows(withoutComments(text), 'newsletter');
    expect(source("if (purpose === 'newsletter') return true;")).toBe(true);
    expect(source('policy.purposes.newsletter')).toBe(true);
    expect(source('/** Such as `newsletter`. */\n// newsletter\nsendNewsletter("a-newsletter");')).toBe(false);
  });
});

function knows(text: string, word: string): boolean {
  const exactly = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w-])${exactly}(?![\\w-])`).test(text);
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/(^|\s)\/\/ .*$/gm, '');
}
