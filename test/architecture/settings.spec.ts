import { readFileSync } from 'node:fs';
import { Configuration } from '@consent-ledger/platform';
import { describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';

const guide = readFileSync(new URL('../../docs/how-to/run-the-service.md', import.meta.url), 'utf8');
const documented = [...guide.matchAll(/^\| `([A-Z_]+)` +\| (.+?) +\|/gm)].map(([, name, byDefault]) => ({
  name,
  byDefault,
}));

/** Every setting is checked, so every setting is among those that have a check. */
const checks = getMetadataStorage().getTargetValidationMetadatas(Configuration, '', false, false);
const settings = [...new Set(checks.map(({ propertyName }) => propertyName))];
const defaults: Readonly<Record<string, unknown>> = { ...new Configuration() };

describe('the settings in the guide', () => {
  it('are those of the configuration, each once', () => {
    expect(documented.map(({ name }) => name).sort()).toStrictEqual([...settings].sort());
  });

  it.each(documented)('$name has the default that the configuration gives it', ({ name, byDefault }) => {
    const value = defaults[name!];
    // A setting that may be absent has words there, which say what happens without it.
    if (value === undefined) expect(byDefault).not.toMatch(/^`[^`]*`$/);
    else expect(byDefault).toBe(`\`${value as string | number}\``);
  });
});
