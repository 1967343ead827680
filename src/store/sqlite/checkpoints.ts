/**
 * Moves the log into the database in a thread of its own: that is two fsyncs and some thousand scattered pages, which
 * nobody who asks the server for something should wait for.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { entryFile } from '../../core/entry.ts';

export interface Checkpoints {
  /**
   * Moves what is committed when it begins. Rejects when the disk refuses; the log then stays as it is, and nothing of it
   * is lost.
   */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** The thread starts with the first checkpoint: most commands never write enough for one. */
export function openCheckpoints(file: string): Checkpoints {
  let worker: Worker | undefined;
  const start = (): Worker => {
    const fresh = new Worker(entryFile(import.meta.url, './checkpoint-worker.ts'), { workerData: { file } });
    fresh.unref();
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
      own.postMessage(null);
      const [failure] = (await once(own, 'message')) as [string | undefined];
      own.unref();
      if (failure !== undefined) throw new Error(failure);
    },
    async close() {
      await worker?.terminate();
    },
  };
}
