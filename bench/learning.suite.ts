/** How much labeling the default policy saves: real sets, paired seeds, the statistics of the reference protocol. */
import { hashUnit } from '../src/core/random.ts';
import { fitHead, headMetrics, predict } from '../src/heads/index.ts';
import { DEFAULT_STRATEGY } from '../src/sampling/index.ts';
import {
  area,
  gather,
  holm,
  labelsSaved,
  mean,
  oneHot,
  replay,
  savedInterval,
  wilcoxon,
} from '../src/sampling/simulation/index.ts';
import type { Figure, Suite } from './harness.ts';
import { labelErrorPrecision } from './learning/label-errors.ts';
import { digits, type LearningSet } from './learning/sets.ts';
import { TEXT_SET_NAMES, textSet } from './learning/texts.ts';

const SEEDS = 30;
const SEEDS_QUICK = 6;
const CALIBRATION_LABELS = 500;
const CALIBRATION_SEEDS = 10;
const ERROR_SEEDS = 3;

export const suite: Suite = {
  name: 'learning',
  async run(report, options) {
    const names = options.quick ? ['digits'] : ['digits', ...TEXT_SET_NAMES];
    const tests: { name: string; p: number }[] = [];
    for (const name of names) {
      if (!wanted(options.only, name)) continue;
      const set = name === 'digits' ? digits() : await textSet(name);
      if (set === undefined) {
        process.stderr.write(`learning: the data of ${name} are not on this machine; skipped\n`);
        continue;
      }
      tests.push({ name, p: compare(set, options.quick ? SEEDS_QUICK : SEEDS, report) });
      calibration(set, report);
      if (name === 'digits') errors(set, report);
    }
    const adjusted = holm(tests.map((test) => test.p));
    for (const [i, test] of tests.entries()) {
      report(
        figure(`holm_p_${test.name}`, adjusted[i]!, tests.length, 'p', 'paired Wilcoxon on areas, Holm over sets', 0),
      );
    }
  },
};

/** `--only` narrows by figure name; a set is run when any of its figures could match. */
function wanted(only: string, name: string): boolean {
  return only === '' || only.includes(name) || ![...TEXT_SET_NAMES, 'digits'].some((other) => only.includes(other));
}

/** Default policy against random under the same seeds; returns the p value of the difference in area. */
function compare(set: LearningSet, seeds: number, report: (figure: Figure) => void): number {
  const all = Array.from({ length: seeds }, (_, seed) => seed);
  const random = all.map((seed) => replay(set, 'random', seed));
  const ours = all.map((seed) => replay(set, DEFAULT_STRATEGY, seed));
  const baseline = `random order, ${seeds} paired seeds, ${set.budget} labels`;
  const gains = all.map((i) => areaOf(ours[i]!) - areaOf(random[i]!));
  const { low, high } = savedInterval(ours, random);
  const saved = figure(`labels_saved_${set.name}`, labelsSaved(ours, random), seeds, '%', baseline, set.pool.length);
  report({ ...saved, min: low, max: high, extra: { end: mean(ours.map(endOf)), random_end: mean(random.map(endOf)) } });
  const p = wilcoxon(gains);
  const wins = gains.filter((gain) => gain > 0).length;
  const aubc = figure(`aubc_gain_${set.name}`, mean(gains), seeds, 'pt', baseline, set.pool.length);
  report({ ...aubc, min: Math.min(...gains), max: Math.max(...gains), extra: { wins, wilcoxon_p: p } });
  const cold = all.map((seed) => coldStart(set, DEFAULT_STRATEGY, seed) - coldStart(set, 'random', seed));
  const start = figure(
    `cold_start_gain_${set.name}`,
    mean(cold),
    seeds,
    'pt',
    `random, ${set.coldStartAt} labels`,
    set.pool.length,
  );
  report({ ...start, min: Math.min(...cold), max: Math.max(...cold) });
  return p;
}

/** Accuracy, 0..100, after the very first labels. */
function coldStart(set: LearningSet, strategy: string, seed: number): number {
  return replay({ ...set, initial: set.coldStartAt, budget: set.coldStartAt }, strategy, seed).accuracy[0]!;
}

/** ECE of a fully fitted head on random labels; everything else is scored. */
function calibration(set: LearningSet, report: (figure: Figure) => void): void {
  const everything = [...set.pool, ...set.test];
  const figures = Array.from({ length: CALIBRATION_SEEDS }, (_, seed) => {
    const coin = new Map(set.pool.map((i) => [i, hashUnit('calibration', seed, i)]));
    const training = [...set.pool].sort((a, b) => coin.get(a)! - coin.get(b)!).slice(0, CALIBRATION_LABELS);
    const trained = new Set(training);
    const { head } = fitHead(
      {
        link: 'softmax',
        classes: set.classes,
        dim: set.dim,
        rows: gather(set, training),
        targets: oneHot(set, training),
        ordinals: training,
      },
      seed,
    );
    const rest = everything.filter((i) => !trained.has(i));
    return headMetrics('softmax', predict(head, gather(set, rest)), oneHot(set, rest), set.classes.length);
  });
  const ece = figures.map((one) => one.ece);
  const baseline = `${CALIBRATION_LABELS} random labels, everything else scored, 15 bins`;
  const line = figure(`ece_500_${set.name}`, mean(ece), CALIBRATION_SEEDS, '', baseline, everything.length);
  report({
    ...line,
    min: Math.min(...ece),
    max: Math.max(...ece),
    extra: { accuracy: 100 * mean(figures.map((one) => one.accuracy)), nll: mean(figures.map((one) => one.nll)) },
  });
}

/** Wrong answers of simulated annotators among the first places of the label-error list. */
function errors(set: LearningSet, report: (figure: Figure) => void): void {
  const all = Array.from({ length: ERROR_SEEDS }, (_, seed) => labelErrorPrecision(set, seed));
  const baseline = 'precision at the planted count, 3-5 annotators per item, 60-95 % accurate';
  for (const [name, of, planted] of [
    ['answers', 'answers', 'planted'],
    ['majority', 'majority', 'plantedMajority'],
  ] as const) {
    const values = all.map((one) => one[of]);
    const figures = figure(
      `label_errors_${name}_${set.name}`,
      mean(values),
      ERROR_SEEDS,
      '',
      baseline,
      set.labels.length,
    );
    const extra = { planted: mean(all.map((one) => one[planted])) };
    report({ ...figures, min: Math.min(...values), max: Math.max(...values), extra });
  }
}

const areaOf = (curve: { labels: readonly number[]; accuracy: readonly number[] }): number =>
  area(curve.labels, curve.accuracy);
const endOf = (curve: { accuracy: readonly number[] }): number => curve.accuracy.at(-1)!;

function figure(name: string, value: number, runs: number, unit: string, baseline: string, n: number): Figure {
  return { figure: name, value, runs, unit, baseline, n };
}
