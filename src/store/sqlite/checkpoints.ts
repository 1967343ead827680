/**
 * Moves the log into the database in a thread of its own: that is two fsyncs and some thousand scattered pages, which
 * nobody who asks the server for something should wait for.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { entryFile } from '../../core/entry.ts';
import type { CheckpointWish } from './checkpoint-worker.ts';

export interface Checkpoints {
  /**
   * Moves what is committed when it begins. Rejects when the disk refuses; the log then stays as it is, and nothing of it
   * is lost.
   */
  run(): Promise<void>;
  /** Resolves when the thread has ended; a checkpoint under way is done first. */
  close(): Promise<void>;
}

/** The thread starts with the first checkpoint: most commands never write enough for one. */
export function openCheckpoints(file: string): Checkpoints {
  let worker: Worker | undefined;
  let closing = false;
  const start = (): Worker => {
    const fresh = new Worker(entryFile(import.meta.url, './checkpoint-worker.ts'), { workerData: { file } });
    fresh.once('exit', () => {
      worker = undefined;
    });
    return fresh;
  };
  return {
    async run() {
      const own = worker ?? start();
      worker = own;
      own.ref();
      own.postMessage('checkpoint' satisfies CheckpointWish);
      const [failure] = (await once(own, 'message')) as [string | undefined];
      if (!closing) own.unref();
      if (failure !== undefined) throw new Error(failure);
    },
    async close() {
      if (!worker) return;
      // Asked, never terminated: a thread that is stopped inside the engine takes the whole process with it.
      closing = true;
      const ended = new Promise((resolve) => worker!.once('exit', resolve));
      worker.ref();
      worker.postMessage('close' satisfies CheckpointWish);
      await ended;
    },
  };
}
