import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The live view loads React's production build, which knows no development JSX.
  oxc: { jsx: { runtime: 'automatic', development: false } },
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // On CI's crowded machine a test may miss a deadline once; the report then says `retry x1` beside its name. Twice is a failure.
    retry: process.env.CI ? 1 : 0,
    pool: 'forks',
    maxWorkers: 2,
  },
});
