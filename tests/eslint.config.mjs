// Rules for what the type check does not see: promises whose rejection nobody handles, and a few more.

import globals from 'globals';
import tseslint from 'typescript-eslint';

/** node:test looks after the promises that these give. */
const runners = {
  from: 'package',
  package: 'node:test',
  name: ['test', 'describe', 'before', 'after', 'beforeEach', 'afterEach', 'default'],
};

/** Their functions run in a page too. */
const alsoInPages = ['tests/e2e/**', 'tests/wasm/**', 'tests/bench/churn.mjs', 'tests/bench/crowd/**', 'tests/bench/forwarder/**'];

export default tseslint.config(
  {
    files: ['**/*.mjs'],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: ['web/tsconfig.json', 'tests/tsconfig.json', 'tests/tsconfig.browser.json'] },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@typescript-eslint': tseslint.plugin },
    rules: {
      // `void` would only hide it.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false, allowForKnownSafeCalls: [runners] }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/ban-ts-comment': 'error', // but for @ts-expect-error with its reason
      'no-undef': 'error', // TypeScript takes `missing.property = 1` for a declaration
      'no-unused-private-class-members': 'error',
    },
  },
  { files: ['web/**'], languageOptions: { globals: globals.browser } },
  { files: ['tests/**', 'scripts/**'], languageOptions: { globals: globals.node } },
  { files: alsoInPages, languageOptions: { globals: globals.browser } },
);
