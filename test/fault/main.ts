/** `npm run test:fault -- --kills 50 --seed 7`: the long form; prints the report and fails when anything was lost. */
import { parseArgs } from 'node:util';
import { runCrashes } from './crashes.ts';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '50' }, seed: { type: 'string', default: '7' } },
});
const report = await runCrashes(Number(values.kills), Number(values.seed));
process.stdout.write(`${JSON.stringify(report)}\n`);
const { lost, doubled, halfImports, predictedTwice, unpredicted, failedJobs, integrityProblems } = report;
if (lost + doubled + halfImports + predictedTwice + unpredicted + failedJobs + integrityProblems.length > 0)
  process.exitCode = 1;
