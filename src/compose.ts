/** The composition root: the only place that names concrete adapters. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import type { App } from './app/app.ts';
import { createApp } from './app/create.ts';
import { sweepSpool } from './app/transfer/spool-sweep.ts';
import { openModelLibrary } from './backends/library/open.ts';
import type { ModelEntry } from './backends/manifest.ts';
import { createPoolMetrics } from './backends/metrics.ts';
import { createInferencePool } from './backends/pool.ts';
import { builtinModels } from './backends/registry.ts';
import { waitForRoom } from './backends/room.ts';
import { openTuningFile } from './backends/tuning-file.ts';
import { openNeighbourProcess } from './compute/neighbour-process.ts';
import { openThreads } from './compute/threads.ts';
import type { Config } from './config.ts';
import { systemClock } from './core/clock.ts';
import { entryFile } from './core/entry.ts';
import { createGuardedFetch } from './media/guarded-fetch.ts';
import { createMediaStore } from './media/media-store.ts';
import { openSpool } from './media/spool.ts';
import { listen } from './server/listen.ts';
import { loggerOptions } from './server/log.ts';
import { openStore } from './store/open-store.ts';

/** A running server over a data folder. */
export interface Running {
  readonly app: App;
  readonly url: string;
  /** Lets a local command act as the owner of the folder. */
  readonly secret: string;
  close(): Promise<void>;
}

/** Learners are memory-bound: more threads than this gain nothing on one machine. */
const LEARNER_THREADS = 1;

/**
 * Opens the folder, starts hosts and threads on demand, and listens. Undoes all of it when any part fails.
 * @param more.models served beside those of the manifest
 */
export async function startServer(
  config: Config,
  more: { readonly models?: readonly ModelEntry[] } = {},
): Promise<Running> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const stream = pino.destination({ dest: 2, sync: true });
    const opened = await openStore({ folder: config.folder, clock: systemClock });
    closers.push(() => opened.close());
    const fetch = createGuardedFetch({ allow: config.allowAddresses });
    const metrics = createPoolMetrics();
    closers.push(async () => metrics.close());
    const shipped = [...builtinModels(), ...(more.models ?? [])];
    const inference = waitForRoom(
      createInferencePool({
        models: shipped,
        hostsMax: config.hosts,
        tuning: openTuningFile(join(config.folder, 'tuning.json')),
        observer: metrics.observer,
        fetch,
      }),
    );
    closers.push(() => inference.close());
    const compute = openThreads({ learnerThreads: LEARNER_THREADS, workThreads: config.hosts });
    closers.push(() => compute.close());
    const neighbours = openNeighbourProcess({
      folder: join(config.folder, 'neighbours'),
      products: entryFile(import.meta.url, './backends/products.ts'),
      threads: config.hosts,
    });
    closers.push(() => neighbours.close());
    const newId = () => randomBytes(16).toString('hex');
    const library = await openModelLibrary({
      folder: join(config.folder, 'models'),
      shipped,
      pool: inference,
      fetch,
      clock: systemClock,
      newId,
    });
    const spool = openSpool(join(config.folder, 'spool'));
    await sweepSpool({ store: opened.store, spool });
    const app = createApp({
      store: opened.store,
      tensors: opened.tensors,
      inference,
      metrics,
      library,
      compute,
      neighbours,
      spool,
      media: createMediaStore({
        folder: join(config.folder, 'media'),
        localFiles: config.localFiles,
        fetch,
        clock: systemClock,
        newId,
      }),
      fetch,
      clock: systemClock,
      newId,
      localSecret: opened.secret,
      log: pino(loggerOptions({ level: config.logLevel }), stream),
    });
    closers.push(() => app.close());
    const server = await listen({
      app,
      host: config.host,
      port: config.port,
      requireTokens: config.requireTokens,
      logger: { level: config.logLevel, stream },
      ...(existsSync(WEB_FOLDER) ? { web: WEB_FOLDER } : {}),
    });
    closers.push(() => server.close());
    opened.announce(server.url);
    return { app, url: server.url, secret: opened.secret, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the build puts the page: beside this file in `dist`, also when this file runs from source. */
const WEB_FOLDER = fileURLToPath(new URL('../dist/web', import.meta.url));
