/** Imports as Label Studio's scripts know them: a file that is kept first and made tasks of later, and how far one is. */
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectsApi } from '../projects/api.ts';
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
      return Promise.all(jobs.map((job) => importing.finish(job)));
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

function viewOf(job: Job): ImportView {
  const { name, runId, format, rows, fields = [], preannotatedFields = [] } = importParams(job);
  const counts = job.state === 'done' ? (job.output as unknown as ImportView['counts']) : null;
  return { job, waits: job.state === 'paused', name, runId, format, rows, fields, preannotatedFields, counts };
}
