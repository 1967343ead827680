/** Replays on as many threads as the machine has cores: seeds do not depend on each other. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Curve } from '../../src/sampling/simulation/index.ts';
import type { LearningSet } from './sets.ts';

const THREADS_MAX = 4;

export interface Replays {
  /** One curve per seed, in order; `setOf` gives the set of a seed. */
  run(setOf: (seed: number) => LearningSet, strategy: string, seeds: readonly number[]): Promise<Curve[]>;
  close(): Promise<void>;
}

export function openReplays(): Replays {
  const threads = Array.from({ length: Math.min(THREADS_MAX, availableParallelism()) }, () => {
    return new Worker(new URL('./replay.worker.mjs', import.meta.url));
  });
  return {
    async run(setOf, strategy, seeds) {
      const curves: Curve[] = [];
      const waiting = [...seeds.keys()];
      await Promise.all(
        threads.map(async (thread) => {
          for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
            curves[i] = await ask(thread, { set: setOf(seeds[i]!), strategy, seed: seeds[i]! });
          }
        }),
      );
      return curves;
    },
    close: async () => void (await Promise.all(threads.map((thread) => thread.terminate()))),
  };
}

function ask(thread: Worker, message: { set: LearningSet; strategy: string; seed: number }): Promise<Curve> {
  return new Promise((resolve, reject) => {
    thread.removeAllListeners();
    thread.once('message', resolve);
    thread.once('error', reject);
    thread.postMessage(message);
  });
}
