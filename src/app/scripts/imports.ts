/** Imports as Label Studio's scripts know them: a file that is kept first and made tasks of later, and how far one is. */
import type { Job } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectsApi } from '../projects/api.ts';
import type { ImportOutcome } from '../transfer/api.ts';
import { IMPORT, type Importing, importParams } from '../transfer/import.ts';
import type { ImportView, ScriptsApi } from './api.ts';

/** Of one project: each is a whole file. */
const WAITING_MAX = 50;
/** Jobs looked through for imports. */
const JOBS_LOOKED_AT = 1_000;

type Imports = Pick<ScriptsApi, 'holdImport' | 'commitImports' | 'dropImports' | 'imports' | 'import'>;

export function createImports({ store }: Deps, importing: Importing): Imports {
  const all = async (projectId: number): Promise<ImportView[]> => {
    const jobs = await store.jobs.list({ projectId, limit: JOBS_LOOKED_AT });
    return jobs.filter((job) => job.kind === IMPORT).map(viewOf);
  };
  const one = async (projectId: number, id: number): Promise<ImportView> => {
    const job = await store.jobs.get(id);
    const fits = job?.kind === IMPORT && job.projectId === projectId;
    return viewOf(await found('import', id, Promise.resolve(fits ? job : undefined)));
  };
  /** All of them, before anything is done with one. */
  const waiting = async (projectId: number, ids: readonly number[]): Promise<Job[]> => {
    const views = await Promise.all([...new Set(ids)].map((id) => one(projectId, id)));
    const other = views.find((view) => !view.waits);
    if (other === undefined) return views.map((view) => view.job);
    const { id, state } = other.job;
    throw new AppError('NOT_FOUND', `The file of import ${id} does not wait any more: that import is ${state}.`, {
      details: { what: 'import', id },
    });
  };

  return {
    async holdImport(request) {
      const kept = (await all(request.projectId)).filter((view) => view.waits);
      if (kept.length >= WAITING_MAX) {
        throw new AppError(
          'LIMIT_SIZE',
          `At most ${WAITING_MAX} files of a project wait; import or delete some first.`,
        );
      }
      const { job, checked } = await importing.hold(request);
      return { import: viewOf(job), skipped: checked.skipped };
    },
    async commitImports(projectId, ids) {
      const jobs = await waiting(projectId, ids);
      const ends = await Promise.allSettled(jobs.map((job) => importing.finish(job)));
      const failures = ends.flatMap((end, i) =>
        end.status === 'rejected' ? [{ id: jobs[i]!.id, why: end.reason }] : [],
      );
      const outcomes = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      if (failures.length > 0) throw notAll(outcomes, failures);
      return outcomes;
    },
    async dropImports(projectId, ids) {
      const jobs = await waiting(projectId, ids);
      for (const job of jobs) await importing.drop(job);
      return jobs.length;
    },
    imports: all,
    import: one,
  };
}

/** Files that wait go with their project. */
export function withHeldImports(projects: ProjectsApi, imports: Imports): ProjectsApi {
  return {
    ...projects,
    async delete(id) {
      const waiting = (await imports.imports(id)).filter((view) => view.waits);
      await imports.dropImports(
        id,
        waiting.map((view) => view.job.id),
      );
      await projects.delete(id);
    },
  };
}

/** Says what the first failure says, and which imports are done all the same. */
function notAll(
  outcomes: readonly ImportOutcome[],
  failures: readonly { readonly id: number; readonly why: unknown }[],
): AppError {
  const finished = outcomes.map((one) => one.jobId);
  const failed = failures.map(({ id, why }) => ({ id, ...toAppError(why).toPlain() }));
  const { code, message, details } = failed[0]!;
  const done = finished.length === 0 ? '' : ` Done and not to be sent again: ${finished.join(', ')}.`;
  const said = failed.length + finished.length === 1 ? message : `Import ${failed[0]!.id}: ${message}${done}`;
  return new AppError(code, said, { details: { ...details, finished, failed }, cause: failures[0]!.why });
}

function viewOf(job: Job): ImportView {
  const { name, runId, format, rows, fields = [], preannotatedFields = [] } = importParams(job);
  const counts = job.state === 'done' ? (job.output as unknown as ImportView['counts']) : null;
  return { job, waits: job.state === 'paused', name, runId, format, rows, fields, preannotatedFields, counts };
}
