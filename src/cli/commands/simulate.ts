/** `headstart simulate`: what each query strategy would have saved on a file whose labels are known. */
import { writeFile } from 'node:fs/promises';
import { Presets, SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { DEFAULT_PLAN, type SimulationReport } from '../../app/learning/simulate.ts';
import { readConfig } from '../../config.ts';
import { simulateFile } from '../../simulate.ts';
import { positive, strategyList, withCommon } from '../flags.ts';
import { createOutput, type Row, reportError } from '../output.ts';
import { type CommonFlags, wantsJson } from '../session.ts';
import { simulationPage } from '../simulation-page.ts';

interface SimulateFlags extends CommonFlags {
  readonly text: string;
  readonly label: string;
  readonly strategies: string[];
  readonly seeds: number;
  readonly batch: number;
  readonly budget: number;
  readonly embedder: string;
  readonly html?: string;
}

export function addSimulate(program: Command): void {
  withCommon(program.command('simulate'))
    .description('replay a labeled file and compare query strategies on it')
    .argument('<file>', 'CSV, TSV or JSONL with a column of texts and one of labels')
    .requiredOption('--text <column>', 'column of the texts')
    .requiredOption('--label <column>', 'column of the labels')
    .option(
      '--strategies <list>',
      'query strategies, or a blend like margin:3,random:1; random is always among them',
      strategyList,
      [...DEFAULT_PLAN.strategies],
    )
    .option('--seeds <number>', 'paired replays per strategy', positive, DEFAULT_PLAN.seeds)
    .option('--batch <number>', 'labels per step', positive, DEFAULT_PLAN.batch)
    .option('--budget <number>', 'labels at the end', positive, DEFAULT_PLAN.budget)
    .option('--embedder <name>', 'model that embeds the texts', 'use-lite')
    .option('--html <file>', 'write a page with plots')
    .action(async (path: string, flags: SimulateFlags) => {
      const json = wantsJson(flags);
      try {
        const report = await run(path, flags);
        if (flags.html !== undefined) await writeFile(flags.html, simulationPage(report));
        if (json) createOutput(json).record({ ...report });
        else print(report);
      } catch (error) {
        reportError(error, json);
      }
    });
}

async function run(path: string, flags: SimulateFlags): Promise<SimulationReport> {
  const { folder, hosts } = readConfig(flags);
  const bar = new SingleBar(
    { stream: process.stderr, format: '{stage} {bar} {value}/{total} {eta_formatted}', hideCursor: true, barsize: 30 },
    Presets.shades_classic,
  );
  let shown = '';
  try {
    return await simulateFile({
      ...flags,
      path,
      folder,
      hosts,
      onProgress: (stage, done, total) => {
        if (shown !== stage) bar.start(total, done, { stage });
        shown = stage;
        bar.update(done, { stage });
      },
    });
  } finally {
    bar.stop();
  }
}

function print(report: SimulationReport): void {
  const out = createOutput(false);
  const { file, pool, test, classes, seeds, batch, budget, embedder, remarks } = report;
  out.note(`${file}: ${pool} texts to ask about, ${test} to measure on, ${classes.length} labels, ${embedder}.`);
  out.note(`${seeds} paired seeds, ${batch} labels a step, ${budget} at the end. Bounds are 5 % and 95 %.\n`);
  out.rows(report.results.map(lineOf));
  for (const remark of remarks) out.note(remark);
}

function lineOf({ strategy, start, end, aubc, againstRandom: gain }: SimulationReport['results'][number]): Row {
  return {
    strategy,
    start: start.toFixed(1),
    end: end.toFixed(1),
    area: aubc.toFixed(1),
    'gain (bounds)': gain && `${signed(gain.aubc)} (${signed(gain.interval.low)} to ${signed(gain.interval.high)})`,
    wins: gain && String(gain.wins),
    'labels saved % (bounds)':
      gain &&
      `${gain.labelsSaved.toFixed(0)} (${gain.labelsSavedInterval.low.toFixed(0)} to ${gain.labelsSavedInterval.high.toFixed(0)})`,
    'p (Holm)': gain?.holmP.toPrecision(2),
  };
}

function signed(points: number): string {
  return `${points < 0 ? '-' : '+'}${Math.abs(points).toFixed(1)}`;
}
