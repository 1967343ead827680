/** `npm run -s bench -- <suite> [...] [--quick] [--only TEXT]`: measures, never fails on a time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printFigure, type Suite } from './harness.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
});
const known = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.suite.ts'))
  .map((name) => name.replace('.suite.ts', ''));

for (const name of positionals.length > 0 ? positionals : known) {
  const file = join(import.meta.dirname, `${name}.suite.ts`);
  if (!existsSync(file)) {
    process.stderr.write(`no suite '${name}'; there are: ${known.join(', ')}\n`);
    process.exitCode = 64;
    continue;
  }
  const { suite } = (await import(file)) as { suite: Suite };
  await suite.run((figure) => figure.figure.includes(values.only) && printFigure(name, figure), values);
}
