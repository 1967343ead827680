/** The compute port on Piscina threads: learners stay in the thread they were opened in, the rest goes where it is free. */
import { Piscina } from 'piscina';
import { entryFile } from '../core/entry.ts';
import type { TrainingSet } from '../heads/index.ts';
import type { Compute, Learner, LearnerSpec, Ranked, TrainedHead } from './compute.ts';
import { rulesOn } from './rules-threads.ts';

export interface ThreadsOptions {
  /** Threads that hold learners; each has a memory of its own. */
  readonly learnerThreads: number;
  /** Threads for fits and predictions, started when first needed. */
  readonly workThreads: number;
}

/** Waiting calls per thread: the server coalesces its requests, so a longer line means that something is stuck. */
const CALLS_WAITING_MAX = 10_000;
const IDLE_MS = 60_000;
/** A thread that is ended while it loads a module by `require` takes the whole process with it; `import` ends in peace. */
const LOADED_BY_IMPORT = '--no-experimental-require-module';

export function openThreads(options: ThreadsOptions): Compute {
  const shared = {
    filename: entryFile(import.meta.url, './worker.ts'),
    maxQueue: CALLS_WAITING_MAX,
    execArgv: [...process.execArgv, LOADED_BY_IMPORT],
  };
  const shards = Array.from({ length: options.learnerThreads }, () => {
    return { pool: new Piscina({ ...shared, minThreads: 1, maxThreads: 1 }), learners: 0 };
  });
  const work = new Piscina({ ...shared, minThreads: 0, maxThreads: options.workThreads, idleTimeout: IDLE_MS });
  let nextKey = 1;
  return {
    async openLearner(spec) {
      const shard = shards.reduce((a, b) => (b.learners < a.learners ? b : a));
      shard.learners += 1;
      const key = nextKey++;
      await shard.pool.run({ key, spec }, { name: 'openLearner' });
      return learnerIn(shard, work, key, spec);
    },
    predict: (head, rows, classes) =>
      work.run({ head, rows, classes }, { name: 'predictRows', transferList: [rows.buffer as ArrayBuffer] }),
    rules: rulesOn(work),
    fitSuggestion: (fit) => work.run(fit, { name: 'suggestionModel' }),
    wholeFigures: (judged) => {
      const transferList = [judged.probabilities, judged.targets].map(({ buffer }) => buffer as ArrayBuffer);
      return work.run(judged, { name: 'figures', transferList });
    },
    async close() {
      await Promise.all([work, ...shards.map((shard) => shard.pool)].map((pool) => pool.destroy()));
    },
  };
}

function learnerIn(shard: { pool: Piscina; learners: number }, work: Piscina, key: number, spec: LearnerSpec): Learner {
  const call = <T>(name: string, fields: object): Promise<T> => shard.pool.run({ key, ...fields }, { name });
  return {
    addRows: (ordinals, rows) => call('addRows', { ordinals, rows }),
    removeRows: (ordinals) => call('removeRows', { ordinals }),
    settle: () => call('settle', {}),
    answer: (answers) => call('answer', { answers }),
    order: (limit, without, pending, strategy) => call<Ranked[]>('order', { limit, without, pending, strategy }),
    suggest: (ordinals) => call<Float32Array | null>('suggest', { ordinals }),
    labelState: () => call('labelState', {}),
    async train(unproven) {
      const set: TrainingSet = { ...(await call<TrainingSet>('trainingSet', {})), unproven };
      return work.run({ set, seed: spec.seed }, { name: 'fit' }) as Promise<TrainedHead | null>;
    },
    install: (head, frozen) => call('install', { head, frozen }),
    async close() {
      shard.learners -= 1;
      await call('closeLearner', {});
    },
  };
}
