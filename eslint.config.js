'use strict';

const js = require('@eslint/js');
const { defineConfig, globalIgnores } = require('eslint/config');
const tseslint = require('typescript-eslint');

/**
 * The fold is a function of the log alone: a clock, chance or the environment inside it would make replay
 * differ from live.
 */
const pure = [
  { object: 'Date', property: 'now', message: 'No clock here: time comes in with the event or the page.' },
  {
    object: 'performance',
    property: 'now',
    message: 'No clock here: time comes in with the event or the page.',
  },
  { object: 'Math', property: 'random', message: 'No chance here: replay must give what live gave.' },
  { object: 'process', property: 'env', message: 'No settings here: they come in as arguments.' },
];

/** One way to import a type: on a line of its own. */
const inlineType = {
  selector: 'ImportDeclaration[importKind="value"] > ImportSpecifier[importKind="type"]',
  message: 'Import types on a line of their own: import type { … }.',
};

module.exports = defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'data/', 'coverage/', 'docs/*', '!docs/grafana/']),
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // A union's switch names every member; `default` may then hold `satisfies never`, but replaces none.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { requireDefaultForNonUnion: true }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      // Prettier sees to the length of code.
      'max-len': ['error', { code: 10_000, comments: 110, ignoreUrls: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['events/**/*.ts', 'services/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', inlineType] },
  },
  {
    files: ['events/**/*.ts', 'services/{fold,catalogue,page,partition}/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...pure],
      'no-restricted-syntax': [
        'error',
        inlineType,
        {
          selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
          message: 'No clock here: time comes in with the event or the page.',
        },
      ],
    },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      // Two screens: what matters in a world that is played, or in a drill, is its course, told in one go.
      'max-lines-per-function': ['error', { max: 150, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'off',
    },
  },
  {
    // A describe block is a function too, as long as its cases are many: its file's length is held instead.
    files: ['tests/**/*.{test,suite}.ts', 'tests/**/contract*.ts'],
    rules: { 'max-lines-per-function': 'off' },
  },
  {
    // Grafana's builders call the classic form deprecated in favour of one that only Grafana 12 and later can
    // read.
    files: ['docs/grafana/source/*.ts'],
    rules: { '@typescript-eslint/no-deprecated': 'off' },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'readonly', require: 'readonly', __dirname: 'readonly', process: 'readonly' },
    },
  },
);
