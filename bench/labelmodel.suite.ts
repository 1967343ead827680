/** Label models on real votes (chosen on valid, scored on test), and their speed beside a plain dense loop. */
import {
  accuracyOf,
  CANDIDATES,
  confusionsOf,
  dawidSkene,
  labelsOf,
  majority,
  type Posterior,
  posteriorOf,
  selectModel,
  uniformPrior,
  type VoteRows,
  VoteStream,
  voteTable,
} from '../src/consensus/index.ts';
import { seededRandom } from '../src/core/random.ts';
import { hasWeakVotes, readSpanSet, readWeakSet } from '../test/consensus/weak.ts';
import { type Figure, interleave, type Suite, type SuiteOptions, timeMs } from './harness.ts';

type Report = (figure: Figure) => void;

export const suite: Suite = {
  name: 'labelmodel',
  async run(report: Report, options: SuiteOptions): Promise<void> {
    if (hasWeakVotes) {
      weakSets(report);
      spans(report, options.quick ? 100 : 500);
    }
    planted(report, options.quick ? 20_000 : 100_000);
    await fitSpeed(report, options.quick);
    await large(report, options.quick ? 100_000 : 1_000_000);
    await stream(report);
  },
};

const SETS = [
  { name: 'youtube', k: 2 },
  { name: 'sms', k: 2 },
  { name: 'semeval', k: 9 },
  { name: 'yoruba', k: 7 },
] as const;

/** Chosen on valid, fitted on train and valid, scored on test. */
function weakSets(report: Report): void {
  let worst = Number.POSITIVE_INFINITY;
  for (const { name, k } of SETS) {
    const { table, gold, validCount, testTable, truth, unvoted } = readWeakSet(name, k);
    const { model } = selectModel(table, gold);
    const [chosen, floor] = [posteriorOf(model, testTable), posteriorOf(majority(testTable), testTable)];
    const [ours, theirs] = [chosen, floor].map((one) => 100 * accuracyOf(one, truth, unvoted)) as [number, number];
    worst = Math.min(worst, ours - theirs);
    const baseline = `majority ${theirs.toFixed(2)}`;
    const extra = { chosen: model.name, gold: validCount };
    report({ figure: `${name}_accuracy`, value: ours, runs: 1, unit: '%', baseline, n: truth.length, extra });
    if (name !== 'sms') continue;
    const covered = 100 * accuracyOf(chosen, truth);
    const coveredFloor = `majority ${(100 * accuracyOf(floor, truth)).toFixed(2)}`;
    report({
      figure: 'sms_covered_accuracy',
      value: covered,
      runs: 1,
      unit: '%',
      baseline: coveredFloor,
      n: truth.length,
      extra,
    });
    const f1 = (one: Posterior): number => 100 * binaryF1(one, truth, unvoted);
    report({
      figure: 'sms_f1',
      value: f1(chosen),
      runs: 1,
      unit: '%',
      baseline: `majority ${f1(floor).toFixed(2)}`,
      n: truth.length,
      extra,
    });
  }
  report({
    figure: 'selector_worst_vs_majority',
    value: worst,
    runs: 1,
    unit: 'pt',
    baseline: 'majority, least gain of the four sets',
    n: SETS.length,
  });
}

/** F1 of class 1. */
function binaryF1(posterior: Posterior, truth: readonly number[], unvoted: number): number {
  let [hits, given, wanted] = [0, 0, 0];
  labelsOf(posterior).forEach((label, i) => {
    const answer = label < 0 ? unvoted : label;
    if (answer === 1) given++;
    if (truth[i] === 1) wanted++;
    if (answer === 1 && truth[i] === 1) hits++;
  });
  return (2 * hits) / (given + wanted);
}

function spans(report: Report, count: number): void {
  const { table, gold, testCount, f1 } = readSpanSet(count);
  const { model } = selectModel(table, gold);
  const percent = (posterior: Posterior): number => 100 * f1(posterior);
  const baseline = `majority ${percent(posteriorOf(majority(table), table)).toFixed(2)}`;
  const extra = { chosen: model.name, tokens: table.rowCount, distinct: table.weights.length };
  report({
    figure: 'bc5cdr_span_f1',
    value: percent(posteriorOf(model, table)),
    runs: 1,
    unit: '%',
    baseline,
    n: testCount,
    extra,
  });
}

/** Random votes of voters that are right 55-95 % of the time and silent `silence` of it. */
function randomVotes(
  n: number,
  m: number,
  k: number,
  silence: number,
  seed: number,
): VoteRows & { truth: Int32Array; right: Float64Array } {
  const random = seededRandom('labelmodel', seed);
  const right = Float64Array.from({ length: m }, () => 0.55 + 0.4 * random.next());
  const truth = Int32Array.from({ length: n }, () => random.int(k));
  const capacity = Math.ceil(n * m * (1 - silence) * 1.05 + 1000);
  const [rows, voters, classes] = [new Uint32Array(capacity), new Uint16Array(capacity), new Uint8Array(capacity)];
  let used = 0;
  for (let row = 0; row < n; row++) {
    for (let voter = 0; voter < m; voter++) {
      if (random.next() < silence || used === capacity) continue;
      const hit = random.next() < right[voter]!;
      rows[used] = row;
      voters[used] = voter;
      classes[used++] = hit ? truth[row]! : (truth[row]! + 1 + random.int(k - 1)) % k;
    }
  }
  const cut = <T extends Uint32Array | Uint16Array | Uint8Array>(column: T): T => column.subarray(0, used) as T;
  return {
    rowCount: n,
    voterCount: m,
    classCount: k,
    rows: cut(rows),
    voters: cut(voters),
    classes: cut(classes),
    truth,
    right,
  };
}

function planted(report: Report, n: number): void {
  const votes = randomVotes(n, 20, 3, 0.6, 1);
  const table = voteTable(votes);
  const found = confusionsOf(dawidSkene(table, { prior: uniformPrior(3) }), table);
  let worst = 0;
  for (let voter = 0; voter < 20; voter++) {
    for (let c = 0; c < 3; c++)
      worst = Math.max(worst, Math.abs(found[(voter * 3 + c) * 3 + c]! - votes.right[voter]!));
  }
  report({
    figure: 'planted_confusion_error',
    value: worst,
    runs: 1,
    unit: '',
    baseline: 'largest error of P(right | class) over 20 voters, 3 classes',
    n,
  });
}

const ITERATIONS = 20;

/** 100k x 20, two classes: fit from given votes, beside the loop that looks at every cell. Same iterations. */
async function fitSpeed(report: Report, quick: boolean): Promise<void> {
  const n = quick ? 20_000 : 100_000;
  const votes = randomVotes(n, 20, 2, 0.616, 2);
  const matrix = new Int8Array(n * 20).fill(-1);
  for (let i = 0; i < votes.rows.length; i++) matrix[votes.rows[i]! * 20 + votes.voters[i]!] = votes.classes[i]!;
  let sparse: Float64Array = new Float64Array();
  let dense: Float64Array = new Float64Array();
  const ratio = await interleave(
    5,
    () => {
      const table = voteTable(votes);
      const model = dawidSkene(table, { prior: uniformPrior(2), iterationsMax: ITERATIONS, tolerance: 0 });
      sparse = posteriorOf(model, table).probabilities;
    },
    () => {
      dense = denseLoop(matrix, n, 20, 2, ITERATIONS);
    },
  );
  const agree = labelShare(sparse, dense, n);
  const { oursMs, baselineMs, ...value } = ratio;
  const baseline = 'dense Dawid-Skene loop over all cells, same iterations, same thread';
  const extra = {
    ours_ms: oursMs,
    dense_ms: baselineMs,
    iterations: ITERATIONS,
    votes: votes.rows.length,
    same_answers: agree,
  };
  report({ figure: 'fit_vs_dense_loop', ...value, unit: 'x', baseline, n, extra });
}

/** The obvious way, with typed arrays: every voter of every row, silence as one more answer. Returns (n x k). */
function denseLoop(matrix: Int8Array, n: number, m: number, k: number, iterations: number): Float64Array {
  const posterior = new Float64Array(n * k);
  for (let row = 0; row < n; row++) {
    let votes = 0;
    for (let j = 0; j < m; j++) {
      const vote = matrix[row * m + j]!;
      if (vote < 0) continue;
      posterior[row * k + vote]!++;
      votes++;
    }
    for (let c = 0; c < k; c++) posterior[row * k + c] = votes === 0 ? 1 / k : posterior[row * k + c]! / votes;
  }
  const answers = k + 1;
  const table = new Float64Array(m * answers * k);
  const score = new Float64Array(k);
  for (let step = 0; step < iterations; step++) {
    table.fill(0.1);
    for (let row = 0; row < n; row++) {
      for (let j = 0; j < m; j++) {
        const at = (j * answers + matrix[row * m + j]! + 1) * k;
        for (let c = 0; c < k; c++) table[at + c]! += posterior[row * k + c]!;
      }
    }
    for (let j = 0; j < m; j++) {
      for (let c = 0; c < k; c++) {
        let sum = 0;
        for (let a = 0; a < answers; a++) sum += table[(j * answers + a) * k + c]!;
        for (let a = 0; a < answers; a++)
          table[(j * answers + a) * k + c] = Math.log(table[(j * answers + a) * k + c]! / sum);
      }
    }
    for (let row = 0; row < n; row++) {
      score.fill(0);
      for (let j = 0; j < m; j++) {
        const at = (j * answers + matrix[row * m + j]! + 1) * k;
        for (let c = 0; c < k; c++) score[c]! += table[at + c]!;
      }
      let most = score[0]!;
      for (let c = 1; c < k; c++) most = Math.max(most, score[c]!);
      let sum = 0;
      for (let c = 0; c < k; c++) sum += posterior[row * k + c] = Math.exp(score[c]! - most);
      for (let c = 0; c < k; c++) posterior[row * k + c]! /= sum;
    }
  }
  return posterior;
}

/** Share of rows on which two sets of two-class posteriors agree. */
function labelShare(a: Float64Array, b: Float64Array, n: number): number {
  let same = 0;
  for (let row = 0; row < n; row++) if (a[row * 2]! > 0.5 === b[row * 2]! > 0.5) same++;
  return same / n;
}

async function large(report: Report, n: number): Promise<void> {
  const votes = randomVotes(n, 100, 2, 0.95, 3);
  const before = process.memoryUsage().rss;
  let answer: Posterior | undefined;
  const ms = await timeMs(() => {
    const table = voteTable(votes);
    answer = posteriorOf(dawidSkene(table, { prior: uniformPrior(2) }), table);
  });
  const grown = (process.memoryUsage().rss - before) / 1e6;
  const extra = { accuracy: 100 * accuracyOf(answer!, votes.truth), memory_grown_mb: grown, votes: votes.rows.length };
  report({
    figure: 'fit_sparse_100_voters_s',
    value: ms / 1000,
    runs: 1,
    unit: 's',
    baseline: 'wall time, idle machine',
    n,
    extra,
  });
}

async function stream(report: Report): Promise<void> {
  const votes = randomVotes(20_000, 20, 2, 0.6, 4);
  const live = new VoteStream(voteTable(votes), { prior: uniformPrior(2) });
  let row = 20_000;
  const batch = (): void => {
    for (let i = 0; i < 1000; i++) live.update([{ row: row++, pairs: [0, 3, 5, 2 * (row % 20)] }]);
  };
  const ratio = await interleave(3, batch, () => dawidSkene(voteTable(votes), { prior: uniformPrior(2) }));
  const baseline = '1,000 updates of one row each against one refit of 20,000 rows';
  const extra = { update_us: ratio.oursMs, refit_ms: ratio.baselineMs, candidates: CANDIDATES.length };
  report({
    figure: 'thousand_updates_vs_refit',
    value: ratio.value,
    min: ratio.min,
    max: ratio.max,
    runs: ratio.runs,
    unit: 'x',
    baseline,
    n: 20_000,
    extra,
  });
}
