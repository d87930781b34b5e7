import { readFileSync } from 'node:fs';
import { leftOut } from './test/support/embedded-only.mjs';

const { paths } = JSON.parse(readFileSync(new URL('tsconfig.json', import.meta.url), 'utf8')).compilerOptions;
const swc = JSON.parse(readFileSync(new URL('.swcrc', import.meta.url), 'utf8'));
delete swc.jsc.baseUrl;
delete swc.jsc.paths;
delete swc.module.resolveFully;

const aliases = Object.entries(paths).map(([alias, [target]]) => [`^${alias}$`, target.replace('./', '<rootDir>/')]);

const specsLeftOut = leftOut(process.env).filter(({ tests }) => tests === undefined);

/** @type {import('jest').Config} */
export default {
  testEnvironment: '<rootDir>/test/support/profile-environment.mjs',
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...specsLeftOut.map(({ spec }) => `<rootDir>/test/${spec}$`)],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false }] },
  moduleNameMapper: { ...Object.fromEntries(aliases), '^(\\.{1,2}/.*)\\.js$': '$1' },
  globalSetup: '<rootDir>/test/services/run-setup.ts',
  globalTeardown: '<rootDir>/test/services/run-teardown.ts',
  // One more than the cores that CI has: specs that start processes wait for them for much of their time.
  maxWorkers: 3,
  testTimeout: 30_000,
};
