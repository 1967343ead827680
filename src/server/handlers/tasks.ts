/** Tasks: lists, detail, change; look-alikes and votes. */
import type { App, Identity } from '../../app/app.ts';
import type { Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import type { PageQuery, Pager } from '../paging.ts';
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

type TaskQuery = PageQuery & { readonly fields?: 'task_only' | 'all' };

export function taskHandlers(app: App, pager: Pager): Handlers<Names> {
  const { tasks, projects, annotations, predictions, queue } = app;

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
    return query.fields === 'all' ? await Promise.all(rows.map((task) => detail(task, who))) : rows.map(taskWire);
  };

  return {
    async taskList({ query, who }) {
      const counts = await projects.counts(query.project);
      return {
        tasks: await page(query.project, query, who),
        total: counts.tasks,
        total_annotations: counts.annotations,
      };
    },
    projectTasks: ({ params, query, who }) => page(params.project_id, query, who),
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
