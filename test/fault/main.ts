/** `npm run test:fault -- --kills 100 --seed 7`: the long form; prints the reports and fails when anything was lost. */
import { parseArgs } from 'node:util';
import { runCrashes } from './crashes.ts';
import { runHostKills } from './host-kills.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '100' }, seed: { type: 'string', default: '7' } },
});
const kills = Number(values.kills);
const seed = Number(values.seed);
const hosts = await runHostKills(kills, seed);
process.stdout.write(`${JSON.stringify(hosts)}\n`);
if (hosts.kills < kills || hosts.lost + hosts.doubled + hosts.different > 0) process.exitCode = 1;
const report = await runCrashes(kills, seed);
process.stdout.write(`${JSON.stringify(report)}\n`);
const { lost, doubled, halfImports, predictedTwice, unpredicted, failedJobs, integrityProblems } = report;
if (lost + doubled + halfImports + predictedTwice + unpredicted + failedJobs + integrityProblems.length > 0)
  process.exitCode = 1;
