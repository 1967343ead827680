/** `npm run -s bench -- ... | tsx scripts/bench-page.ts`: JSON lines of benchmarks become `docs/benchmarks.md`, suite by suite. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Figure } from '../bench/harness.ts';

/** A figure as the harness prints it, its extras beside the rest. */
interface Line extends Omit<Figure, 'extra'> {
  readonly suite: string;
  /** An SVG drawing that belongs to the figure. */
  readonly plot?: string;
}

const PLOTS = resolve(import.meta.dirname, '../docs/plots');
const PAGE = resolve(import.meta.dirname, '../docs/benchmarks.md');
const INTRO = `# Benchmarks

The last full output of each suite, losing figures included. Made by \`npm run -s bench -- SUITE | npx tsx scripts/bench-page.ts\`.
A figure is a ratio against a baseline interleaved in the same run, or says otherwise; machines are shared, so only ratios count.
`;

const sections = new Map<string, string>();
if (existsSync(PAGE)) {
  for (const [, suite, text] of readFileSync(PAGE, 'utf8').matchAll(/^## (\S+)\n([\s\S]*?)(?=^## |$(?![\s\S]))/gm)) {
    sections.set(suite!, text!.trim());
  }
}

const fresh = new Map<string, Line[]>();
for await (const text of createInterface({ input: process.stdin })) {
  if (!text.startsWith('{')) continue;
  const line = JSON.parse(text) as Line;
  fresh.set(line.suite, [...(fresh.get(line.suite) ?? []), line]);
}

for (const [suite, lines] of fresh) {
  const machine = `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}`;
  const rows = lines.map((line) => {
    const spread = line.min === undefined ? '' : `${line.min} to ${line.max}`;
    return `| ${line.figure} | ${line.value} ${line.unit} | ${spread} | ${line.runs} | ${line.n} | ${line.baseline.replaceAll('|', '\\|')} |`;
  });
  const head = [
    `${new Date().toISOString().slice(0, 10)}, ${machine}`,
    '',
    '| figure | value | spread | runs | n | against |',
    '|---|---|---|---|---|---|',
  ];
  const pictures = lines.flatMap(({ figure, plot }) => {
    if (plot === undefined) return [];
    const name = `${suite}-${figure}.svg`;
    mkdirSync(PLOTS, { recursive: true });
    writeFileSync(join(PLOTS, name), plot);
    return ['', `![${figure}](plots/${name})`];
  });
  sections.set(suite, [...head, ...rows, ...pictures].join('\n'));
}

const body = [...sections].sort(([a], [b]) => (a < b ? -1 : 1)).map(([suite, text]) => `## ${suite}\n${text}\n`);
writeFileSync(PAGE, `${INTRO}\n${body.join('\n')}`);
