/** Tasks: read, edited, removed, and what is known about one of them. */
import type { Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { labelerKey } from '../../formats/index.ts';
import { missingFields } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import { classesOf, mostGiven, ofPeople, promotionRuns, sharesOf } from '../queue/answers.ts';
import { countingVotes, rulesInForce } from '../rules/runs.ts';
import type { Neighbours } from '../spread/neighbours.ts';
import type { TasksApi, VoteView } from './api.ts';
import type { ProjectConfigs } from './project-config.ts';

export function createTasks(deps: Deps, loops: Loops, neighbours: Neighbours, configs: ProjectConfigs): TasksApi {
  const { store } = deps;
  const get = (id: number): Promise<Task> => found('task', id, store.tasks.get(id));
  const configOf = async (task: Task) =>
    configs.of(await found('project', task.projectId, store.projects.get(task.projectId)));
  return {
    get,
    list: (projectId, page) => store.tasks.list(projectId, page),

    async edit(id, change) {
      const old = await get(id);
      const project = await found('project', old.projectId, store.projects.get(old.projectId));
      const missing = change.data ? missingFields(configs.of(project).parsed, change.data) : [];
      if (missing.length > 0) throw missingField(missing);
      const task = await store.tasks.edit(id, change);
      if (task.ordinal !== old.ordinal) {
        await loops.removed(project.id, [old]);
        await loops.added(project.id, [task]);
        await loops.answered(task, performance.now());
        await enqueueEmbedding(deps, project);
      }
      return task;
    },

    async delete(projectId, ids) {
      const tasks = (await Promise.all(ids.map((id) => store.tasks.get(id)))).filter(
        (task) => task?.projectId === projectId,
      );
      const count = await store.tasks.delete(projectId, ids);
      await loops.removed(
        projectId,
        tasks.filter((task) => task !== undefined),
      );
      return count;
    },

    async similar(id, limit) {
      const task = await get(id);
      const config = await configOf(task);
      const near = await neighbours.use(task.projectId, ({ spaces, key }) => spaces.nearest(key, task.ordinal, limit));
      const tasks = await store.tasks.byOrdinals(
        task.projectId,
        near.map((one) => one.ordinal),
      );
      const given = await store.annotations.ofTasks(tasks.map((one) => one.id));
      const annotations = ofPeople(given, await promotionRuns(store, task.projectId));
      return near.flatMap(({ ordinal, similarity }) => {
        const other = tasks.find((one) => one.ordinal === ordinal);
        if (!other) return [];
        const shares = sharesOf(
          config,
          annotations.filter((one) => one.taskId === other.id),
        );
        return [{ task: other, similarity, label: mostGiven(config, shares) }];
      });
    },

    async votes(id, who) {
      const task = await get(id);
      const human = await humanVotes(deps, task, await configOf(task));
      const lease = await store.leases.get(id, who.annotatorId);
      return lease?.blind ? human : [...human, ...(await machineVotes(deps, task))];
    },
  };
}

export function missingField(fields: readonly string[]): AppError {
  const list = fields.map((field) => `"${field}"`).join(', ');
  return new AppError('INPUT_MISSING_FIELD', `The label config shows ${list}, which the task's data lacks.`, {
    details: { fields },
  });
}

async function humanVotes({ store }: Deps, task: Task, config: ReturnType<ProjectConfigs['of']>): Promise<VoteView[]> {
  const annotations = (await store.annotations.ofTask(task.id)).filter((one) => !one.skipped);
  const views = annotations.map(async (annotation) => {
    const labeler = await found('labeler', annotation.annotatorId, store.labelers.get(annotation.annotatorId));
    return classesOf(config, annotation).map((index) => ({
      labeler: labelerKey(labeler),
      kind: labeler.kind,
      runId: annotation.runId,
      control: config.control!.name,
      label: config.classes[index]!,
      score: null,
    }));
  });
  return (await Promise.all(views)).flat();
}

async function machineVotes({ store }: Deps, task: Task): Promise<VoteView[]> {
  const all = await store.votes.ofTasks([task.id]);
  if (all.length === 0) return [];
  const labels = new Map((await store.labels.list(task.projectId)).map((label) => [label.id, label]));
  const list = await store.runs.list(task.projectId);
  const runs = new Map(list.map((run) => [run.id, run]));
  const votes = countingVotes(all, list, rulesInForce(list, await store.rules.faults(task.projectId)));
  const views = votes.map(async (vote) => {
    const labelerId = vote.labelerId ?? runs.get(vote.runId)?.labelerId;
    const labeler = typeof labelerId === 'number' ? await store.labelers.get(labelerId) : undefined;
    const label = labels.get(vote.labelId);
    if (!labeler || !label) return [];
    const sources = labeler.kind === 'neighbour' ? await store.spread.sourcesOf(vote.runId, task.id) : [];
    return [
      {
        labeler: labelerKey(labeler),
        kind: labeler.kind,
        runId: vote.runId,
        control: label.control,
        label: label.value,
        score: vote.score,
        ...(sources.length === 0 ? {} : { sources }),
      },
    ];
  });
  return (await Promise.all(views)).flat();
}
