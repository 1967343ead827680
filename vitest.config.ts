import { defineConfig } from 'vitest/config';

/** Child processes and threads run from `dist` (see `core/entry.ts`), which `npm test` builds first. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
