/** How much labeling the default policy saves: real sets, paired seeds, the statistics of the reference protocol. */
import { hashUnit } from '../src/core/random.ts';
import { fitHead, headMetrics, predict } from '../src/heads/index.ts';
import { DEFAULT_STRATEGY, guessByName, labelNames } from '../src/sampling/index.ts';
import {
  area,
  type Curve,
  gather,
  holm,
  labelsSaved,
  mean,
  oneHot,
  savedInterval,
  summarise,
  wilcoxon,
} from '../src/sampling/simulation/index.ts';
import type { Figure, Suite } from './harness.ts';
import { labelErrorPrecision } from './learning/label-errors.ts';
import { enlarged, policySeconds } from './learning/large-pool.ts';
import { clothingSplits } from './learning/photos.ts';
import { standalonePlot } from './learning/plot.ts';
import { openReplays, type Replays } from './learning/replays.ts';
import { digits, type LearningSet } from './learning/sets.ts';
import { encode, TEXT_SET_NAMES, textSet } from './learning/texts.ts';

const SET_NAMES = ['digits', ...TEXT_SET_NAMES, 'clothing'];
const SEEDS = 30;
const SEEDS_QUICK = 6;
const CALIBRATION_LABELS = 500;
const CALIBRATION_SEEDS = 10;
const ERROR_SEEDS = 3;
/** Random labels, read as the protocol does it: each for itself, all alike. And read as the default policy reads its own. */
const RANDOM = 'random';
const RANDOM_SAME_HEAD = 'random, same head';

export const suite: Suite = {
  name: 'learning',
  async run(report, options) {
    const tests: { name: string; p: number }[] = [];
    const replays = openReplays();
    try {
      for (const name of options.quick ? ['digits'] : SET_NAMES) {
        if (!wanted(options.only, name)) continue;
        const sets = await splitsOf(name);
        if (sets === undefined) {
          process.stderr.write(`learning: the data of ${name} are not on this machine; skipped\n`);
          continue;
        }
        if (name === 'ag_news') await guesses(sets[0]!, report);
        tests.push({ name, p: await compare(replays, sets, options.quick ? SEEDS_QUICK : SEEDS, report) });
        calibration(sets, report);
        if (name === 'digits') errors(sets[0]!, report);
      }
      if (wanted(options.only, 'pool')) await largePools(replays, report, options.quick);
    } finally {
      await replays.close();
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
  return only === '' || only.includes(name) || ![...SET_NAMES, 'pool'].some((other) => only.includes(other));
}

/** The random splits that seeds take in turn; one for sets with a fixed test part. */
async function splitsOf(name: string): Promise<LearningSet[] | undefined> {
  if (name === 'clothing') return clothingSplits();
  const set = name === 'digits' ? digits() : await textSet(name);
  return set && [set];
}

/** Default policy against random under the same seeds; returns the p value of the difference in area. */
async function compare(
  replays: Replays,
  sets: readonly LearningSet[],
  seeds: number,
  report: (figure: Figure) => void,
): Promise<number> {
  const set = sets[0]!;
  const setOf = (seed: number): LearningSet => sets[seed % sets.length]!;
  const all = Array.from({ length: seeds }, (_, seed) => seed);
  const random = await replays.run(setOf, RANDOM, all);
  const ours = await replays.run(setOf, DEFAULT_STRATEGY, all);
  const sameHead = await replays.run(setOf, RANDOM_SAME_HEAD, all);
  const baseline = `random order, ${seeds} paired seeds, ${set.budget} labels`;
  const gains = all.map((i) => areaOf(ours[i]!) - areaOf(random[i]!));
  const { low, high } = savedInterval(ours, random);
  const saved = figure(`labels_saved_${set.name}`, labelsSaved(ours, random), seeds, '%', baseline, set.pool.length);
  report({ ...saved, min: low, max: high, extra: { end: mean(ours.map(endOf)), random_end: mean(random.map(endOf)) } });
  const p = wilcoxon(gains);
  const wins = gains.filter((gain) => gain > 0).length;
  const trials = [
    { strategy: DEFAULT_STRATEGY, curves: ours },
    { strategy: 'random', curves: random },
  ];
  const plot = standalonePlot(set.name, summarise(trials));
  report({
    ...pairedFigure(`aubc_gain_${set.name}`, gains, baseline, set.pool.length),
    extra: { wins, wilcoxon_p: p, aubc: mean(ours.map(areaOf)), plot },
  });
  const sameHeadGains = all.map((i) => areaOf(ours[i]!) - areaOf(sameHead[i]!));
  report(pairedFigure(`aubc_gain_same_head_${set.name}`, sameHeadGains, `${baseline}, same head`, set.pool.length));
  const startOf = async (curves: readonly Curve[], strategy: string): Promise<number[]> => {
    if (set.coldStartAt === set.initial) return curves.map((curve) => curve.accuracy[0]!);
    const short = (seed: number): LearningSet => ({
      ...setOf(seed),
      initial: set.coldStartAt,
      budget: set.coldStartAt,
    });
    return (await replays.run(short, strategy, all)).map((curve) => curve.accuracy[0]!);
  };
  const early = await startOf(ours, DEFAULT_STRATEGY);
  for (const [name, strategy, curves] of [
    ['cold_start_gain', RANDOM, random],
    ['cold_start_gain_same_head', RANDOM_SAME_HEAD, sameHead],
  ] as const) {
    const late = await startOf(curves, strategy);
    const gained = all.map((i) => early[i]! - late[i]!);
    const line = pairedFigure(`${name}_${set.name}`, gained, `${strategy}, ${set.coldStartAt} labels`, set.pool.length);
    report({ ...line, extra: { accuracy: mean(early), random_accuracy: mean(late) } });
  }
  return p;
}

/** The same policy where only a sample stands for the pool and only the smallest margins are candidates. */
async function largePools(replays: Replays, report: (figure: Figure) => void, quick: boolean): Promise<void> {
  const set = digits();
  if (set === undefined) return;
  const sizes: readonly (readonly [string, number, number])[] = [
    ['100k', 100_000, 3],
    ['1m', 1_000_000, 1],
  ];
  for (const [label, size, seeds] of quick ? [] : sizes) {
    // Pools of a replay are cut to a few thousand items; these are taken whole.
    const large = { ...enlarged(set, size), poolMax: size };
    const all = Array.from({ length: seeds }, (_, seed) => seed);
    const random = await replays.run(() => large, RANDOM, all);
    const ours = await replays.run(() => large, DEFAULT_STRATEGY, all);
    const gain = mean(all.map((i) => areaOf(ours[i]!) - areaOf(random[i]!)));
    const baseline = `random order, noisy copies of digits, 80 % of them per seed, ${set.budget} labels`;
    const extra = { aubc: mean(ours.map(areaOf)), saved: labelsSaved(ours, random) };
    report({ ...figure(`aubc_gain_pool_${label}`, gain, seeds, 'pt', baseline, size), extra });
  }
  const [label, size] = quick ? ['100k', 100_000] : ['1m', 1_000_000];
  const { seconds, first } = policySeconds(Number(size));
  const timing = figure(
    `policy_${label}_seconds`,
    seconds,
    3,
    's',
    'an order of 20 after one more label',
    Number(size),
  );
  report({ ...timing, extra: { first } });
}

/** What the names of the labels say before the first label: how often they dare, and how often they are right then. */
async function guesses(set: LearningSet, report: (figure: Figure) => void): Promise<void> {
  const names = labelNames(await encode(set.classes, set.dim), gather(set, set.pool), set.dim);
  const made = set.pool.flatMap((item) => {
    const label = guessByName(names, gather(set, [item]));
    return label === null ? [] : [{ right: label === set.labels[item] }];
  });
  const right = made.filter((one) => one.right).length;
  const share = `${set.classes.length} classes by their names alone`;
  report(figure(`guess_coverage_${set.name}`, (100 * made.length) / set.pool.length, 1, '%', share, set.pool.length));
  report(figure(`guess_accuracy_${set.name}`, (100 * right) / made.length, 1, '%', share, made.length));
}

/** ECE of a fully fitted head on random labels; everything else is scored. */
function calibration(sets: readonly LearningSet[], report: (figure: Figure) => void): void {
  const figures = Array.from({ length: CALIBRATION_SEEDS }, (_, seed) => {
    const set = sets[seed % sets.length]!;
    const everything = [...set.pool, ...set.test];
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
  const { name, labels } = sets[0]!;
  const line = figure(`ece_500_${name}`, mean(ece), CALIBRATION_SEEDS, '', baseline, labels.length);
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

/** Mean and range of differences in points, one per seed. */
function pairedFigure(name: string, gains: readonly number[], baseline: string, n: number): Figure {
  const line = figure(name, mean(gains), gains.length, 'pt', baseline, n);
  return { ...line, min: Math.min(...gains), max: Math.max(...gains) };
}

function figure(name: string, value: number, runs: number, unit: string, baseline: string, n: number): Figure {
  return { figure: name, value, runs, unit, baseline, n };
}
