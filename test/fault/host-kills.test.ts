/** The short form of `npm run test:fault` for hosts: a few kills all through one embedding job. */
import { expect, it } from 'vitest';
import { runHostKills } from './host-kills.ts';

it('loses no row, doubles none and changes none when hosts are killed through a job', {
  timeout: 120_000,
}, async () => {
  const report = await runHostKills(6, 1);
  expect(report).toMatchObject({ lost: 0, doubled: 0, different: 0 });
  expect(report.kills).toBeGreaterThanOrEqual(4);
});
