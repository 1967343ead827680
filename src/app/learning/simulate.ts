/** Replays a labeled file with several query strategies and seeds: what each would have saved on these data. */
import { AppError } from '../../core/errors.ts';
import { DEFAULT_STRATEGY, queryStrategy } from '../../sampling/index.ts';
import {
  BASELINE,
  type Curve,
  replay,
  type SimulationSet,
  type Summary,
  summarise,
} from '../../sampling/simulation/index.ts';
import type { LabeledFile, LeftOut } from './labeled-file.ts';

export interface SimulationPlan {
  /** Names of the registry; random is added where it is missing. */
  readonly strategies: readonly string[];
  readonly seeds: number;
  /** Labels per step, the first one too. */
  readonly batch: number;
  /** Labels at the end. */
  readonly budget: number;
}

export const DEFAULT_PLAN: SimulationPlan = {
  strategies: [DEFAULT_STRATEGY, 'margin', BASELINE],
  seeds: 10,
  batch: 10,
  budget: 200,
};

/** Equal for equal files, embedders and plans. */
export interface SimulationReport extends SimulationPlan {
  readonly file: string;
  readonly embedder: string;
  readonly classes: readonly string[];
  /** Items that could be asked about, of which each seed draws 80 %, and items that only measured. */
  readonly pool: number;
  readonly test: number;
  readonly leftOut: LeftOut & { readonly failed: number };
  /** In the order of the plan. */
  readonly results: readonly Summary[];
  /** What a reader should know before believing the figures. */
  readonly remarks: readonly string[];
}

/** Unit-norm rows of the file's texts; zero where the embedder failed. */
export interface EmbeddedFile extends LabeledFile {
  readonly name: string;
  readonly embedder: string;
  readonly dim: number;
  /** (texts x dim) */
  readonly rows: Float32Array;
  /** Indices of the texts that could not be embedded, ascending. */
  readonly failed: readonly number[];
}

const TEST_SHARE = 0.25;
const TEST_MAX = 2_000;
/** Five paired seeds cannot give a two-sided p below 0.0625, whatever they show. */
const SEEDS_FOR_TEST = 6;

/** Throws INPUT_BAD_FIELD for unknown strategies and a budget that leaves no curve. */
export function checkPlan(plan: SimulationPlan): SimulationPlan {
  const strategies = [...new Set([...plan.strategies, BASELINE])];
  for (const name of strategies) queryStrategy(name);
  if (plan.budget < 2 * plan.batch) {
    const message = `A budget of ${plan.budget} is less than two batches of ${plan.batch}: there would be no curve.`;
    throw new AppError('INPUT_BAD_FIELD', message, { details: { field: 'budget' } });
  }
  return { ...plan, strategies };
}

/** Runs one replay after the other, giving way between them. `plan`: checked. */
export async function simulate(
  file: EmbeddedFile,
  plan: SimulationPlan,
  onProgress: (done: number, total: number) => void,
): Promise<SimulationReport> {
  const set = simulationSet(file, plan);
  const total = plan.strategies.length * plan.seeds;
  const trials: { strategy: string; curves: Curve[] }[] = [];
  let done = 0;
  for (const strategy of plan.strategies) {
    const curves: Curve[] = [];
    for (let seed = 0; seed < plan.seeds; seed++) {
      curves.push(replay(set, strategy, seed));
      onProgress(++done, total);
      await new Promise((resolve) => setImmediate(resolve));
    }
    trials.push({ strategy, curves });
  }
  const reached = trials[0]!.curves[0]!.labels.at(-1)!;
  return {
    ...plan,
    file: file.name,
    embedder: file.embedder,
    classes: file.classes,
    pool: set.pool.length,
    test: set.test.length,
    leftOut: { ...file.leftOut, failed: file.failed.length },
    results: summarise(trials),
    remarks: remarksOn(plan, reached),
  };
}

/** The texts come in an order of their own hashes: the first ones measure, the rest is the pool. */
function simulationSet(file: EmbeddedFile, { batch, budget }: SimulationPlan): SimulationSet {
  const { name, classes, dim, rows, labels } = file;
  const failed = new Set(file.failed);
  const usable = [...file.texts.keys()].filter((i) => !failed.has(i));
  const testCount = Math.min(TEST_MAX, Math.floor(TEST_SHARE * usable.length));
  const [test, pool] = [usable.slice(0, testCount), usable.slice(testCount)];
  return { name, classes, dim, rows, labels, pool, test, initial: batch, batch, budget };
}

function remarksOn({ seeds, budget }: SimulationPlan, reached: number): string[] {
  return [
    ...(seeds < SEEDS_FOR_TEST ? [`With ${seeds} paired seeds no p value can fall below 0.05; run at least 6.`] : []),
    ...(reached < budget ? [`The pool of a seed holds ${reached} items, so the budget ends there.`] : []),
  ];
}
