/** The embedding job as the product runs it: tasks out of the store, rows into a tensor file. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Deps } from '../../src/app/deps.ts';
import { createEmbedHandler, EMBED } from '../../src/app/embeddings/embed.ts';
import { Matrices } from '../../src/app/embeddings/matrices.ts';
import { Loops } from '../../src/app/learning/loops.ts';
import { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import { DEFAULT_SETTINGS } from '../../src/app/projects/projects.ts';
import type { InferencePool } from '../../src/backends/backend.ts';
import { openModelLibrary } from '../../src/backends/library/open.ts';
import { openNeighbourProcess } from '../../src/compute/neighbour-process.ts';
import { openThreads } from '../../src/compute/threads.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import { createMediaStore } from '../../src/media/media-store.ts';
import { openSpool } from '../../src/media/spool.ts';
import { openStore } from '../../src/store/open-store.ts';

export interface BulkJob {
  /** A new project whose tasks are these texts. */
  project(texts: readonly string[]): Promise<number>;
  /** Runs its embedding job to the end. Returns how many tasks are listed as failed. */
  embed(projectId: number, embedder: string): Promise<number>;
  /** How many of the first tasks have no row. */
  missing(projectId: number, embedder: string, count: number): Promise<number>;
  /** (n x dim) rows as the tensor file has them. */
  rows(projectId: number, embedder: string, count: number): Promise<Float32Array>;
  close(): Promise<void>;
}

const CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="kind" toName="text"><Choice value="a"/><Choice value="b"/></Choices></View>';
const LEASE_MS = 60_000;
const IMPORT_ROWS = 500;

export async function openBulk(folder: string, inference: InferencePool): Promise<BulkJob> {
  const opened = await openStore({ folder, clock: systemClock });
  const { store, tensors } = opened;
  const compute = openThreads({ learnerThreads: 1, workThreads: 1 });
  const newId = (): string => randomBytes(16).toString('hex');
  const silent = () => undefined;
  const fetch = createGuardedFetch();
  const library = await openModelLibrary({
    folder: join(folder, 'models'),
    pool: inference,
    fetch,
    clock: systemClock,
    newId,
  });
  const deps: Deps = {
    store,
    tensors,
    inference,
    library,
    metrics: { text: async () => '' },
    compute,
    neighbours: openNeighbourProcess({ folder: join(folder, 'neighbours'), products: '', threads: 1 }),
    spool: openSpool(join(folder, 'spool')),
    media: createMediaStore({
      folder: join(folder, 'media'),
      localFiles: null,
      fetch,
      clock: systemClock,
      newId,
    }),
    fetch,
    clock: systemClock,
    newId,
    localSecret: '',
    log: { info: silent, warn: silent, error: silent },
  };
  const configs = new ProjectConfigs();
  const matrices = new Matrices(deps);
  const loops = new Loops(deps, matrices, configs);
  const handle = createEmbedHandler(deps, loops, matrices, configs);
  return {
    async project(texts) {
      const naming = { title: 'bench', description: '', instruction: '' };
      const project = await store.projects.create({ ...naming, labelConfig: CONFIG, settings: DEFAULT_SETTINGS });
      const about = { projectId: project.id, labelerId: null, summary: '', params: {} };
      const run = await store.runs.start({ ...about, kind: 'import' });
      for (let at = 0; at < texts.length; at += IMPORT_ROWS) {
        const rows = texts.slice(at, at + IMPORT_ROWS).map((text) => ({ data: { text }, meta: {} }));
        await store.tasks.insert(project.id, run.id, rows, at + rows.length);
      }
      return project.id;
    },
    async embed(projectId, embedder) {
      await store.jobs.enqueue({ kind: EMBED, projectId, params: { embedder }, dedupeKey: newId() });
      const lease = await store.jobs.lease({ kinds: [EMBED], owner: 'bench', leaseMs: LEASE_MS });
      const output = await handle({
        job: lease!.job,
        signal: new AbortController().signal,
        stopping: false,
        paused: false,
        progress: async ({ reused: _, ...progress }) => void (await store.jobs.progress(lease!, progress, LEASE_MS)),
        itemFailed: (taskId, error) => store.jobs.addFailure(lease!, { taskId, error: error.toPlain() }),
      });
      await store.jobs.complete(lease!, output);
      return (await store.jobs.get(lease!.job.id))!.failed;
    },
    async missing(projectId, embedder, count) {
      const tensor = await matrices.embeddings(projectId, embedder);
      return tensor.missing(Uint32Array.from({ length: count }, (_, i) => i)).length;
    },
    async rows(projectId, embedder, count) {
      const tensor = await matrices.embeddings(projectId, embedder);
      const rows = new Float32Array(count * tensor.columns);
      await tensor.read(0, count, rows);
      return rows;
    },
    async close() {
      await loops.close();
      await matrices.close();
      await compute.close();
      await opened.close();
    },
  };
}
