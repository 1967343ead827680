/** Annotations and predictions. */
import type { App, Identity } from '../../app/app.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import type { Pager } from '../paging.ts';
import { annotationWire, answerInput, compact, predictionWire } from '../wire.ts';

const RECENT = 10;

type Names =
  | 'annotationCreate'
  | 'projectAnnotations'
  | 'recentAnnotations'
  | 'annotationGet'
  | 'annotationUpdate'
  | 'annotationDelete'
  | 'predictionList'
  | 'predictionCreate'
  | 'predictionGet';

const PREDICTIONS_PAGE = 100;

export function answerHandlers(
  { annotations, predictions, tasks, scripts, people }: App,
  pager: Pager,
): Handlers<Names> {
  const authorOf = async (completedBy: number | null | undefined, taskId: number, who: Identity) => {
    if (typeof completedBy !== 'number') return who;
    return people.onBehalfOf(who, completedBy, (await tasks.get(taskId)).projectId);
  };
  return {
    async annotationCreate({ params, body, who, reply }) {
      const input = {
        via: 'api' as const,
        ...answerInput(body),
        ...compact({ submissionId: body.unique_id }),
        taskId: params.task_id,
        result: body.result,
      };
      const author = await authorOf(body.completed_by, params.task_id, who);
      const { annotation, created } = await annotations.submit(input, author);
      reply.code(created ? 201 : 200);
      return annotationWire(annotation);
    },
    async projectAnnotations({ params, query }) {
      const rows = await pager.read(`annotations ${params.project_id}`, query, (part) =>
        annotations.list(params.project_id, part),
      );
      return rows.map(annotationWire);
    },
    async recentAnnotations({ params, query, who }) {
      const rows = await annotations.recent(params.project_id, who, query.limit ?? RECENT);
      return rows.map(annotationWire);
    },
    annotationGet: async ({ params }) => annotationWire(await annotations.get(params.annotation_id)),
    async annotationUpdate({ params, body, who }) {
      const old = await annotations.get(params.annotation_id);
      if (typeof body.completed_by === 'number' && body.completed_by !== old.annotatorId) {
        throw new AppError('INPUT_BAD_FIELD', 'An answer stays with whoever gave it; leave `completed_by` out.', {
          details: { field: 'completed_by' },
        });
      }
      return annotationWire(await annotations.update(old.id, answerInput(body), who));
    },
    async annotationDelete({ params, query }) {
      await annotations.delete(params.annotation_id, compact({ lease: query.lease }));
      return null;
    },

    async predictionList({ query }) {
      if (query.task !== undefined) {
        const task = await tasks.get(query.task);
        return (await predictions.ofTask(task.id)).map(predictionWire);
      }
      const projectId = query.project;
      if (projectId === undefined) {
        throw new AppError('INPUT_BAD_FIELD', 'Say which `task` or which `project`.', { details: { field: 'task' } });
      }
      const page = { after: query.after ?? 0, limit: query.page_size ?? PREDICTIONS_PAGE };
      const theirs = await scripts.madeElsewhere(projectId, page);
      const known = new Set(theirs.map((one) => one.id));
      const current = (await predictions.current(projectId, page)).filter(
        (one) => one.id === null || !known.has(one.id),
      );
      return [...theirs, ...current].map(predictionWire);
    },
    async predictionCreate({ body }) {
      const { projectId } = await tasks.get(body.task);
      const stored = await predictions.add(body.task, {
        result: await scripts.regionsFrom(projectId, body.result),
        ...compact({ score: body.score, modelVersion: body.model_version ?? undefined }),
      });
      return predictionWire(stored);
    },
    async predictionGet({ params }) {
      return predictionWire(await predictions.get(params.prediction_id));
    },
  };
}
