import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** Only `src/lib/runtime/` may reach clocks, chance, the environment, files and processes: everything else takes them from there. */
const seam = {
  'no-restricted-globals': [
    'error',
    ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'performance'].map((name) => ({
      name,
      message: 'Take time from runtime/clock.ts.',
    })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'Take time from runtime/clock.ts.' },
    { object: 'Math', property: 'random', message: 'Take chance from runtime/chance.ts.' },
    { object: 'process', property: 'env', message: 'Take the environment from runtime/environment.ts.' },
    { object: 'process', property: 'kill', message: 'Signal through runtime/processes.ts.' },
    { object: 'process', property: 'exit', message: 'Libraries do not end the process.' },
  ],
  'no-restricted-imports': [
    'error',
    {
      paths: ['node:fs', 'node:fs/promises', 'node:child_process', 'node:timers', 'node:timers/promises'].map(
        (name) => ({
          name,
          message: 'Reach the outside through src/lib/runtime/.',
        }),
      ),
    },
  ],
};

export default tseslint.config(
  // The kernels are AssemblyScript, which its own compiler checks.
  { ignores: ['dist/', 'node_modules/', 'coverage/', 'src/lib/wire/kernels/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
      'no-restricted-syntax': ['error', { selector: 'ExportAllDeclaration', message: 'Export names, one by one.' }],
    },
  },
  { files: ['src/**/*.ts', 'src/**/*.tsx'], ignores: ['src/lib/runtime/**'], rules: seam },
  {
    files: ['test/**/*.ts', 'test/**/*.tsx', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', setTimeout: 'readonly' } },
  },
);
