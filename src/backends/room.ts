/** The pool as the house uses it: bulk work waits until its queue has room, people are told when to come back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../core/errors.ts';
import type { InferenceOptions, InferencePool } from './backend.ts';

/** The estimate may be of a slow model's whole queue, while a group's worth of room comes much sooner. Asking costs nothing. */
const ASK_AGAIN_SECONDS_MAX = 5;

/** Calls of the bulk lane never reject with LIMIT_QUEUE, unless they have a timeout; all others are passed on as they are. */
export function waitForRoom(pool: InferencePool): InferencePool {
  return {
    run: (model, items, options) => whenThereIsRoom(options, () => pool.run(model, items, options)),
    embed: (model, items, options) => whenThereIsRoom(options, () => pool.embed(model, items, options)),
    info: (model) => pool.info(model),
    models: () => pool.models(),
    add: (entry) => pool.add(entry),
    serve: (id) => pool.serve(id),
    remove: (id) => pool.remove(id),
    status: () => pool.status(),
    close: () => pool.close(),
  };
}

async function whenThereIsRoom<T>({ lane, signal, timeoutMs }: InferenceOptions, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const waits = lane === 'bulk' && timeoutMs === undefined;
      if (!waits || !(error instanceof AppError) || error.code !== 'LIMIT_QUEUE') throw error;
      const seconds = Math.min(Number(error.details.retryAfterSeconds), ASK_AGAIN_SECONDS_MAX);
      // Cut short by its signal, the call is made once more: the pool says that it was cancelled.
      await sleep(1_000 * seconds, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
  }
}
