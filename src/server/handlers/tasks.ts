/** Tasks: lists, detail, change; look-alikes and votes. */
import type { App, Identity } from '../../app/app.ts';
import type { Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Handlers } from '../bind.ts';
import type { Query } from '../contract/index.ts';
import { PAGE_SIZE, type PageQuery, type Pager, refusePageBeyond } from '../paging.ts';
import { checkedQuery, parseTaskQuery } from '../task-query.ts';
import { annotationWire, compact, taskDetailWire, taskWire } from '../wire.ts';
import { voteWire } from '../wire-work.ts';

const SIMILAR = 10;

type Names =
  | 'taskList'
  | 'projectTasks'
  | 'tasksDelete'
  | 'taskGet'
  | 'taskUpdate'
  | 'taskDelete'
  | 'taskSimilar'
  | 'taskVotes'
  | 'taskRelease'
  | 'taskAnnotations';

function pageOf<T>(all: readonly T[], { page = 1, page_size = PAGE_SIZE }: PageQuery): readonly T[] {
  return all.slice((page - 1) * page_size, page * page_size);
}

type TaskQuery = PageQuery & { readonly fields?: 'task_only' | 'all' };

/** What is no size asks for the largest page. */
function sized<Q extends PageQuery>(query: Q): Q {
  return query.page_size !== undefined && query.page_size < 1 ? { ...query, page_size: LIMITS.pageSizeMax } : query;
}

export function taskHandlers(app: App, pager: Pager): Handlers<Names> {
  const { tasks, projects, annotations, predictions, queue, scripts } = app;

  const detail = async (task: Task, who: Identity) => {
    const project = await projects.get(task.projectId);
    const all = await annotations.ofTask(task.id);
    // Annotators judge for themselves: neither what others said, nor what a blind task's model says.
    const seen = who.role === 'owner' ? all : all.filter((one) => one.annotatorId === who.annotatorId);
    const machine = who.role === 'owner' ? await predictions.ofTask(task.id) : [];
    return taskDetailWire(task, project.settings.overlap, seen, machine);
  };

  const page = async (projectId: number, query: TaskQuery, who: Identity) => {
    const rows = await pager.read(`tasks ${projectId}`, query, (part) => tasks.list(projectId, part));
    return shown(rows, query, who);
  };

  const shown = async (rows: readonly Task[], { fields }: TaskQuery, who: Identity) =>
    fields === 'all' ? await Promise.all(rows.map((task) => detail(task, who))) : rows.map(taskWire);

  /** Undefined: all tasks, as they come. A view goes before a query, as in Label Studio. */
  const chosenBy = async (projectId: number, query: Query<'taskList'>): Promise<readonly number[] | undefined> => {
    if (!query.view && query.query === undefined && !query.only_annotated) return undefined;
    const given = query.view ? (await scripts.view(query.view)).data : parseTaskQuery(query.query ?? '{}');
    // Whoever turns the pages sees one state of the list; whoever begins anew sees it as it is.
    const fresh = (query.page ?? 1) === 1;
    return scripts.select(projectId, checkedQuery(given, query.only_annotated === true), { fresh });
  };

  const projectOf = async ({ project, view }: Query<'taskList'>): Promise<number> => {
    if (project !== undefined) return project;
    if (view) return (await scripts.view(view)).projectId;
    throw new AppError('INPUT_BAD_FIELD', 'Say which `project` or which `view`.', { details: { field: 'project' } });
  };

  const tasksOf = async (ids: readonly number[]): Promise<Task[]> => {
    const all = await Promise.all(ids.map((id) => tasks.get(id).catch(() => null)));
    // Deleted since the list was made.
    return all.filter((task) => task !== null);
  };

  return {
    async taskList({ query: given, who }) {
      const query = sized(given);
      const projectId = await projectOf(query);
      const counts = await projects.counts(projectId);
      const chosen = await chosenBy(projectId, query);
      const found = chosen
        ? await shown(await tasksOf(pageOf(chosen, query)), query, who)
        : await page(projectId, query, who);
      if (found.length === 0) refusePageBeyond(query);
      return {
        tasks: found,
        total: chosen?.length ?? counts.tasks,
        total_annotations: counts.annotations,
        total_predictions: await scripts.predictionsStored(projectId),
      };
    },
    async projectTasks({ params, query, who }) {
      const found = await page(params.project_id, sized(query), who);
      if (found.length === 0) refusePageBeyond(query);
      return found;
    },
    tasksDelete: async ({ params, body }) => ({ deleted: await tasks.delete(params.project_id, body.ids) }),
    taskGet: async ({ params, who }) => detail(await tasks.get(params.task_id), who),
    async taskUpdate({ params, body, who }) {
      const change = compact({ data: body.data, meta: body.meta });
      if (Object.keys(change).length === 0) {
        throw new AppError('INPUT_EMPTY', 'Give `data`, `meta` or both.');
      }
      return detail(await tasks.edit(params.task_id, change), who);
    },
    async taskDelete({ params }) {
      const task = await tasks.get(params.task_id);
      await tasks.delete(task.projectId, [task.id]);
      return null;
    },
    async taskSimilar({ params, query }) {
      const found = await tasks.similar(params.task_id, query.limit ?? SIMILAR);
      return found.map(({ task, similarity, label }) => ({ task: taskWire(task), similarity, label }));
    },
    async taskVotes({ params, who }) {
      const votes = await tasks.votes(params.task_id, who);
      const seen = votes.filter(
        (vote) => who.role === 'owner' || vote.kind !== 'annotator' || vote.labeler === `annotator:${who.name}`,
      );
      return seen.map(voteWire);
    },
    async taskRelease({ params, body, who }) {
      await queue.release(params.task_id, who, compact({ postpone: body.postpone }));
      return null;
    },
    async taskAnnotations({ params, who }) {
      const all = await annotations.ofTask(params.task_id);
      return all.filter((one) => who.role === 'owner' || one.annotatorId === who.annotatorId).map(annotationWire);
    },
  };
}
