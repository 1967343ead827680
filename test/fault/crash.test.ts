/** The short form of `npm run test:fault`: five kills of the server, five of its hosts. */
import { expect, it } from 'vitest';
import { runCrashes } from './crashes.ts';

it('loses nothing and does nothing twice over ten kills', { timeout: 240_000 }, async () => {
  const report = await runCrashes(10, 1);
  expect(report).toMatchObject({ serverKills: 5, hostKills: 5 });
  expect(report).toMatchObject({
    lost: 0,
    doubled: 0,
    halfImports: 0,
    predictedTwice: 0,
    unpredicted: 0,
    failedJobs: 0,
  });
  expect(report.integrityProblems).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(20);
});
