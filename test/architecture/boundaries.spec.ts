import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import extractDepcruiseConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';

const root = fileURLToPath(new URL('../..', import.meta.url));
const fixtures = join(root, 'test/architecture/fixtures');
const configuration = await extractDepcruiseConfig(join(root, '.dependency-cruiser.mjs'));
const rules = (configuration.forbidden ?? []) as readonly (IForbiddenRuleType & { name: string })[];
const aliases = aliasesOf(readFileSync(join(root, 'tsconfig.json'), 'utf8'));

describe('the boundaries of libs and apps', () => {
  it('each have a fixture, and every fixture is of a rule', () => {
    expect(readdirSync(fixtures).sort()).toStrictEqual(rules.map(({ name }) => name).sort());
  });

  it('each give a reason that a person can read', () => {
    for (const { name, comment } of rules)
      expect([name, comment]).toStrictEqual([name, expect.stringMatching(/\w.{30,}\.$/)]);
  });

  it('are all enforced: none of them only warns', () => {
    expect(rules.filter(({ severity }) => severity !== 'error')).toStrictEqual([]);
  });

  it.each(rules.map(({ name }) => name))('%s is broken by its fixture, and no other is', async (name) => {
    const { violations } = await judge(join(fixtures, name));
    expect(violations).toStrictEqual([name]);
  });

  it('are kept by the code', async () => {
    const { violations, modules } = await judge(root);
    expect(violations).toStrictEqual([]);
    expect(modules).toBeGreaterThan(50);
  });
});

/** The names of the rules that a tree breaks, one for each import that breaks one. */
async function judge(tree: string): Promise<{ violations: string[]; modules: number }> {
  const folders = readdirSync(tree).filter((name) => ['libs', 'apps', 'test'].includes(name));
  const { tsConfig: _, ...options } = configuration.options ?? {};
  const { output } = await cruise(
    folders,
    { ...options, ruleSet: { forbidden: [...rules] }, validate: true, baseDir: tree },
    { alias: aliases.map(([alias, target]) => ({ name: alias, alias: join(tree, target), onlyModule: true })) },
  );
  const { summary, modules } = output as ICruiseResult;
  return { violations: summary.violations.map(({ rule }) => rule.name), modules: modules.length };
}

function aliasesOf(tsconfig: string): [alias: string, target: string][] {
  const { compilerOptions } = JSON.parse(tsconfig) as { compilerOptions: { paths: Record<string, [string]> } };
  return Object.entries(compilerOptions.paths).map(([alias, [target]]) => [alias, relative('.', target)]);
}
