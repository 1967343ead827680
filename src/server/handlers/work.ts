/** The queue, runs, jobs and model versions. */
import type { App } from '../../app/app.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import type { workRoutes } from '../contract/work.ts';
import { taskWire } from '../wire.ts';
import { insightsWire, jobWire, labelErrorsWire, modelWire, nextWire, queueStateWire, runWire } from '../wire-work.ts';

const PREVIEW = 20;
const LIST = 100;

export function workHandlers(app: App): Handlers<keyof typeof workRoutes> {
  return { ...queueHandlers(app), ...runHandlers(app), ...jobHandlers(app), ...modelHandlers(app) };
}

type QueueNames =
  | 'queueNext'
  | 'queuePreview'
  | 'queueState'
  | 'queueRank'
  | 'queueTimings'
  | 'insights'
  | 'labelErrors';

function queueHandlers({ queue, insights }: App): Handlers<QueueNames> {
  return {
    async queueNext({ params, query, who }) {
      const exclude = (query.exclude ?? '').split(',').filter(Boolean).map(Number);
      const item = await queue.next(params.project_id, who, { exclude });
      if (item !== undefined) return nextWire(item);
      // Label Studio's answer; a page asks for 204, because browsers report every 404 as an error.
      if (query.empty === undefined) throw new AppError('NOT_FOUND', 'There is no task left for you in this project.');
      return null;
    },
    async queuePreview({ params, query }) {
      const head = await queue.preview(params.project_id, query.limit ?? PREVIEW);
      return head.map(({ task, reason }) => ({ task: taskWire(task), reason }));
    },
    queueState: async ({ params }) => queueStateWire(await queue.state(params.project_id)),
    queueRank: async ({ params }) => queueStateWire(await queue.rank(params.project_id)),
    insights: async ({ params }) => insightsWire(await insights.of(params.project_id)),
    labelErrors: async ({ params, query }) =>
      labelErrorsWire(await insights.labelErrors(params.project_id, query.limit ?? LIST)),
    queueTimings: async ({ params }) => ({ rerank_ms: queue.rerankTimesMs(params.project_id) }),
  };
}

function runHandlers({ runs }: App): Handlers<'runList' | 'runGet' | 'runVotes' | 'runUndo' | 'runRedo'> {
  return {
    runList: async ({ params }) => (await runs.list(params.project_id)).map(runWire),
    runGet: async ({ params }) => runWire(await runs.get(params.run_id)),
    async runVotes({ params, query }) {
      const votes = await runs.votes(params.run_id, { after: query.after ?? 0, limit: query.limit ?? LIST });
      return votes.map((vote) => ({ task: vote.taskId, label: vote.labelId, score: vote.score }));
    },
    runUndo: async ({ params }) => runWire(await runs.undo(params.run_id)),
    runRedo: async ({ params }) => runWire(await runs.redo(params.run_id)),
  };
}

type JobNames =
  | 'jobList'
  | 'jobGet'
  | 'jobFailures'
  | 'jobPause'
  | 'jobResume'
  | 'jobCancel'
  | 'jobRetry'
  | 'prelabel'
  | 'train';

function jobHandlers({ jobs }: App): Handlers<JobNames> {
  return {
    async jobList({ query, who }) {
      const projectId = query.project ?? who.projectId;
      const limit = query.limit ?? LIST;
      return (await jobs.list(projectId === null ? { limit } : { limit, projectId })).map(jobWire);
    },
    jobGet: async ({ params }) => jobWire(await jobs.get(params.job_id)),
    async jobFailures({ params, query }) {
      const page = { after: query.after ?? 0, limit: query.limit ?? LIST };
      const failures = await jobs.failures(params.job_id, page);
      return failures.map(({ taskId, code, message }) => ({ task: taskId, code, detail: message }));
    },
    jobPause: async ({ params }) => jobWire(await jobs.pause(params.job_id)),
    jobResume: async ({ params }) => jobWire(await jobs.resume(params.job_id)),
    jobCancel: async ({ params }) => jobWire(await jobs.cancel(params.job_id)),
    jobRetry: async ({ params }) => jobWire(await jobs.retry(params.job_id)),
    prelabel: async ({ params }) => jobWire(await jobs.prelabel(params.project_id)),
    train: async ({ params }) => jobWire(await jobs.train(params.project_id)),
  };
}

type ModelNames = 'modelVersions' | 'modelCompare' | 'modelActivate' | 'modelUnpin' | 'embedders';

function modelHandlers({ models }: App): Handlers<ModelNames> {
  return {
    modelVersions: async ({ params }) => (await models.versions(params.project_id)).map(modelWire),
    async modelCompare({ params, query }) {
      const { total, flipped } = await models.compare(params.project_id, query.from, query.to);
      return { total, flipped: flipped.map(({ taskId, from, to }) => ({ task: taskId, from, to })) };
    },
    modelActivate: async ({ params }) => modelWire(await models.activate(params.project_id, params.model_id)),
    async modelUnpin({ params }) {
      await models.unpin(params.project_id);
      return null;
    },
    embedders: () => models.available(),
  };
}
