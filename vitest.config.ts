import { defineConfig } from 'vitest/config';

/** Child processes and threads run from `dist` (see `core/entry.ts`), which `npm test` builds first. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // What is awaited comes when the machine has time for it; a second is too short on a busy one.
    expect: { poll: { timeout: 40_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
});
