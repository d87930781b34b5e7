import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';

const eslint = new ESLint({ cwd: fileURLToPath(new URL('../..', import.meta.url)) });

/** The rules that each line breaks when it stands in the file. */
async function judge(filePath: string, lines: readonly string[]): Promise<(readonly string[])[]> {
  const [result] = await eslint.lintText(`${lines.join('\n')}\n`, { filePath });
  return lines.map((_, index) =>
    result!.messages.filter(({ line }) => line === index + 1).map(({ ruleId, message }) => ruleId ?? message),
  );
}

const askingTheClock = ['export const a = Date.now();', 'export const b = new Date();', 'export const c = Date();'];

describe('lint', () => {
  it('keeps clock, chance, environment, timers and the network out of the domain', async () => {
    const impure = [
      ...askingTheClock,
      'export const d = Math.random();',
      'export const e = process.env;',
      'export const f = () => setTimeout(() => undefined, 1);',
      'export const g = () => setInterval(() => undefined, 1);',
      'export const h = () => setImmediate(() => undefined);',
      'export const i = performance.now();',
      'export const j = () => crypto.randomUUID();',
      "export const k = () => fetch('http://127.0.0.1/');",
      'export const l = () => globalThis.setTimeout(() => undefined, 1);',
    ];
    const found = await judge('libs/consent/src/instant.ts', impure);
    expect(impure.filter((_, index) => found[index]!.length === 0)).toStrictEqual([]);
  });

  it('lets the domain reckon with instants that it is given', async () => {
    const found = await judge('libs/consent/src/instant.ts', [
      "export const a = new Date(0).toISOString() + Date.parse('2026-01-01T00:00:00Z') + Date.UTC(2026, 0);",
    ]);
    expect(found.flat()).toStrictEqual([]);
  });

  it('lets only the platform ask what time it is', async () => {
    const [lib, platform] = await Promise.all([
      judge('libs/links/src/index.ts', askingTheClock),
      judge('libs/platform/src/index.ts', askingTheClock),
    ]);
    expect(lib).toStrictEqual([['no-restricted-properties'], ['no-restricted-syntax'], ['no-restricted-syntax']]);
    expect(platform.flat()).toStrictEqual([]);
  });

  it('refuses forgotten promises, the console, names with an I before them and rules switched off in passing', async () => {
    const found = await judge('libs/links/src/index.ts', [
      'Promise.resolve(1);',
      "console.log('here');",
      'export interface ILink { readonly token: string }',
      '/* eslint-disable */ export const a: any = 1;',
    ]);
    expect(found).toStrictEqual([
      ['@typescript-eslint/no-floating-promises'],
      expect.arrayContaining(['no-console']),
      ['@typescript-eslint/naming-convention'],
      expect.arrayContaining(['@typescript-eslint/no-explicit-any']),
    ]);
  });
});
