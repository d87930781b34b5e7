import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const clock = 'Ask the injected clock: a moment that code takes for itself can be neither tested nor replayed.';
const pure = 'The domain is a function of its arguments: no clock, no chance, no environment, no I/O.';

const wallClock = { object: 'Date', property: 'now', message: clock };

const impure = ['process', 'performance', 'crypto', 'fetch', 'globalThis', 'queueMicrotask'];
const timers = ['setTimeout', 'setInterval', 'setImmediate'];

export default defineConfig(
  globalIgnores(['dist/', 'data/', 'coverage/', 'libs/client/src/schema.d.ts', 'test/architecture/fixtures/']),
  js.configs.recommended,
  {
    // A rule that does not fit is changed here, where it is seen, and not switched off in passing.
    linterOptions: { noInlineConfig: true },
    rules: {
      'no-console': 'error',
      'no-else-return': 'error',
      'no-implicit-coercion': 'error',
      'no-param-reassign': 'error',
      'prefer-template': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/array-type': 'error',
      '@typescript-eslint/consistent-type-assertions': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'typeLike', format: ['PascalCase'] },
        { selector: 'interface', format: ['PascalCase'], custom: { regex: '^I[A-Z]', match: false } },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-inferrable-types': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/prefer-for-of': 'error',
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/prefer-optional-chain': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // A port's method is asynchronous for all its adapters, also for the one in memory.
      '@typescript-eslint/require-await': 'off',
      // Ports are records of closures here: their functions may be taken apart.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // The body of an answer is anything until a test has said what it expects.
    files: ['**/*.spec.ts', '**/*.contract.ts', 'test/**/*.ts', 'libs/testing/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['libs/**/*.ts', 'apps/**/*.ts'],
    ignores: ['libs/platform/**', 'libs/testing/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': ['error', wallClock],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: clock },
        { selector: 'CallExpression[callee.name="Date"]', message: clock },
      ],
    },
  },
  {
    files: ['libs/consent/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', ...[...impure, ...timers].map((name) => ({ name, message: pure }))],
      'no-restricted-properties': [
        'error',
        wallClock,
        { object: 'Math', property: 'random', message: pure },
        { object: 'Temporal', property: 'Now', message: pure },
      ],
    },
  },
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { globals: { URL: 'readonly', process: 'readonly' } } },
);
