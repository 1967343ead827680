/** Export snapshots: the rows of an export as they are at one moment, to be read in any format later. */
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { type ExportRow, formatFor } from '../../formats/index.ts';
import { parseLabelConfig } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { hasEnded } from '../jobs/jobs.ts';
import { found } from '../lookup.ts';
import type { ProjectsApi } from '../projects/api.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import { exportFile } from '../transfer/export.ts';
import { rowFilter } from '../transfer/export-filter.ts';
import { exportRows } from '../transfer/export-rows.ts';
import type { ScriptsApi, SnapshotInput } from './api.ts';

export const SNAPSHOT = 'export-snapshot';

/** Of one project: each is a whole copy of its labels. */
const KEPT_MAX = 50;
/** Jobs looked through for snapshots. */
const JOBS_LOOKED_AT = 1_000;
const ROWS_PER_LOOK = 500;

type Snapshots = Pick<ScriptsApi, 'createSnapshot' | 'snapshots' | 'snapshot' | 'readSnapshot' | 'deleteSnapshot'>;

export function createSnapshots({ store, spool }: Deps): Snapshots {
  /** The job remembers it, the file is it: without the file it was deleted. */
  const isThere = async (job: Job): Promise<boolean> =>
    !hasEnded(job) || job.state !== 'done' || spool.has(fileOf(job));
  const all = async (projectId: number): Promise<Job[]> => {
    const jobs = await store.jobs.list({ projectId, limit: JOBS_LOOKED_AT });
    const own = jobs.filter((job) => job.kind === SNAPSHOT);
    const there = await Promise.all(own.map(isThere));
    return own.filter((_, i) => there[i]);
  };
  const one = async (projectId: number, id: number): Promise<Job> => {
    const job = await store.jobs.get(id);
    const fits = job?.kind === SNAPSHOT && job.projectId === projectId && (await isThere(job));
    return found('export', id, Promise.resolve(fits ? job : undefined));
  };

  return {
    async createSnapshot(projectId, input) {
      const project = await found('project', projectId, store.projects.get(projectId));
      // Wrong dates are refused now and not by the job.
      rowFilter(input, project.settings.overlap);
      const kept = (await all(projectId)).filter((job) => job.state !== 'failed');
      if (kept.length >= KEPT_MAX) {
        throw new AppError('LIMIT_SIZE', `A project keeps at most ${KEPT_MAX} export snapshots; delete one first.`);
      }
      return store.jobs.enqueue({ kind: SNAPSHOT, projectId, params: { ...(input as unknown as JsonObject) } });
    },
    snapshots: all,
    snapshot: one,
    async readSnapshot(projectId, id, format) {
      const job = await one(projectId, id);
      if (job.state !== 'done') {
        throw new AppError('CONFLICT', `This export is not finished: it is ${job.state}.`, { details: { job: id } });
      }
      const lines = () => linesOf(spool.read(fileOf(job)));
      const head = await firstOf(lines());
      const rows = async function* (): AsyncGenerator<ExportRow> {
        let first = true;
        for await (const row of lines()) {
          if (!first) yield row as unknown as ExportRow;
          first = false;
        }
      };
      const config = parseLabelConfig(String(head.labelConfig));
      return exportFile(`project-${projectId}-export-${id}`, formatFor(format, 'export'), rows, config);
    },
    async deleteSnapshot(projectId, id) {
      const job = await one(projectId, id);
      if (!hasEnded(job)) await store.jobs.requestCancel(id);
      await spool.delete(fileOf(job));
    },
  };
}

/** Snapshots go with their project. */
export function withSnapshots(projects: ProjectsApi, snapshots: Snapshots): ProjectsApi {
  return {
    ...projects,
    async delete(id) {
      for (const job of await snapshots.snapshots(id)) await snapshots.deleteSnapshot(id, job.id);
      await projects.delete(id);
    },
  };
}

/** Cut off in the middle it begins anew: what it writes is one file, replaced as a whole. */
export function createSnapshotHandler(deps: Deps, suggestions: Suggestions) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const project = await found('project', projectId, deps.store.projects.get(projectId));
    const filter = rowFilter(work.job.params as unknown as SnapshotInput, project.settings.overlap);
    const { tasks: total } = await deps.store.projects.counts(projectId);
    const md5 = createHash('md5');
    let rows = 0;
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${JSON.stringify({ labelConfig: project.labelConfig })}\n`);
      for await (const row of exportRows(deps, suggestions, projectId, filter)) {
        const line = Buffer.from(`${JSON.stringify(row)}\n`);
        md5.update(line);
        yield line;
        rows += 1;
        if (rows % ROWS_PER_LOOK !== 0) continue;
        throwIfStopped(work.signal);
        await work.progress({ stage: 'keeping rows', done: rows, total });
      }
    };
    await deps.spool.write(fileOf(work.job), body());
    return { rows, md5: md5.digest('hex') };
  };
}

export function fileOf({ id }: Pick<Job, 'id'>): string {
  return `export-${id}`;
}

async function firstOf(lines: AsyncIterable<JsonObject>): Promise<JsonObject> {
  for await (const line of lines) return line;
  throw new AppError('STORE_CORRUPT', 'The file of this export is empty; delete it and make another one.');
}

async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<JsonObject> {
  const input = Readable.from(bytes);
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      yield JSON.parse(line) as JsonObject;
    }
  } finally {
    // Whoever stops early leaves the file open otherwise: to end the lines does not end what they come from.
    input.destroy();
  }
}
