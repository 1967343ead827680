/** What scripts written for Label Studio call beside the API's own routes. */
import type { App, Identity } from '../../app/app.ts';
import type { TaskQuery } from '../../app/scripts/api.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Handlers } from '../bind.ts';
import type { Body } from '../contract/index.ts';
import type { SnapshotWire } from '../contract/scripts.ts';
import { compact, predictionWire, taskDetailWire } from '../wire.ts';
import { downloadHeaders } from './transfer.ts';

type Names =
  | 'taskCreate'
  | 'tasksDeleteAll'
  | 'viewList'
  | 'dataManagerAction'
  | 'predictionsImport'
  | 'predictionUpdate'
  | 'predictionDelete'
  | 'snapshotList'
  | 'snapshotCreate'
  | 'snapshotGet'
  | 'snapshotDelete'
  | 'snapshotConvert'
  | 'snapshotDownload'
  | 'storageList'
  | 'storageListOf'
  | 'exportStorageListOf'
  | 'userToken'
  | 'tokenRefresh';

export function scriptHandlers(app: App): Handlers<Names> {
  const { scripts, tasks, projects, people } = app;
  return {
    async taskCreate({ body, who }) {
      const { project: projectId, data } = body;
      const task = await scripts.createTask(projectId, { data, annotatorId: who.annotatorId });
      return taskDetailWire(task, (await projects.get(projectId)).settings.overlap, [], []);
    },
    async tasksDeleteAll({ params }) {
      await scripts.deleteAllTasks(params.project_id);
      return null;
    },
    viewList: async () => [],
    storageList: async () => [],
    storageListOf: async () => [],
    exportStorageListOf: async () => [],
    async dataManagerAction({ query, body }) {
      if ((query.id ?? body.id) === undefined) {
        throw new AppError('INPUT_BAD_FIELD', 'Name the act as `id`; `delete_tasks` is the one that is done here.', {
          details: { field: 'id' },
        });
      }
      const { filters, selectedItems } = body;
      const wanted = { ...compact({ filters }), selectedItems } as TaskQuery;
      const chosen = await scripts.select(query.project, wanted, { fresh: true });
      const deleted = await tasks.delete(query.project, chosen);
      return { processed_items: deleted, reload: true, detail: `Deleted ${deleted} tasks` };
    },
    ...predictionHandlers(app),
    ...snapshotHandlers(app),
    async userToken({ request }) {
      const token = /^\S+\s+(\S+)\s*$/.exec(request.headers.authorization ?? '')?.[1];
      if (token !== undefined) return { token };
      throw new AppError('CONFLICT', 'You came without a token; make one under People or with POST /api/tokens.');
    },
    async tokenRefresh({ body }) {
      const who: Identity | undefined = await people.identify(body.refresh);
      if (who) return { access: body.refresh };
      throw new AppError('AUTH_UNKNOWN_TOKEN', 'The token is not known or was revoked.');
    },
  };
}

function predictionHandlers({ scripts }: App): Handlers<'predictionsImport' | 'predictionUpdate' | 'predictionDelete'> {
  return {
    async predictionsImport({ params, body }) {
      const given = body.map(({ task, result, score, model_version }) => ({
        task,
        result,
        ...compact({ score, modelVersion: model_version ?? undefined }),
      }));
      return { created: await scripts.addPredictions(params.project_id, given) };
    },
    async predictionUpdate({ params, body }) {
      const { result, score } = body;
      return predictionWire(await scripts.updatePrediction(params.prediction_id, compact({ result, score })));
    },
    async predictionDelete({ params }) {
      await scripts.deletePrediction(params.prediction_id);
      return null;
    },
  };
}

type SnapshotNames =
  | 'snapshotList'
  | 'snapshotCreate'
  | 'snapshotGet'
  | 'snapshotDelete'
  | 'snapshotConvert'
  | 'snapshotDownload';

function snapshotHandlers({ scripts }: App): Handlers<SnapshotNames> {
  return {
    snapshotList: async ({ params }) => (await scripts.snapshots(params.project_id)).map(snapshotWire),
    async snapshotCreate({ params, body }) {
      const input = { title: body.title ?? '', labels: 'both' as const, ...chosenTasks(body.task_filter_options) };
      return snapshotWire(await scripts.createSnapshot(params.project_id, input));
    },
    snapshotGet: async ({ params }) => snapshotWire(await scripts.snapshot(params.project_id, params.export_pk)),
    async snapshotDelete({ params }) {
      await scripts.deleteSnapshot(params.project_id, params.export_pk);
      return null;
    },
    async snapshotConvert({ params, body }) {
      await scripts.readSnapshot(params.project_id, params.export_pk, body.export_type);
      return { export_type: body.export_type, converted_format: params.export_pk };
    },
    async snapshotDownload({ params, query, reply }) {
      const file = await scripts.readSnapshot(params.project_id, params.export_pk, query.exportType ?? 'JSON');
      downloadHeaders(reply, file.name, file.mediaType);
      return file.body;
    },
  };
}

/** A snapshot holds all tasks unless told otherwise. */
function chosenTasks(options: Body<'snapshotCreate'>['task_filter_options']) {
  if (options?.annotated === 'exclude' || options?.finished === 'exclude') {
    throw new AppError('INPUT_BAD_FIELD', 'Tasks can be chosen by `only`; what is left then is not exported here.', {
      details: { field: 'task_filter_options' },
    });
  }
  return { onlyLabeled: options?.annotated === 'only', onlyFinished: options?.finished === 'only' };
}

const STATUS_OF: Readonly<Record<Job['state'], SnapshotWire['status']>> = {
  queued: 'created',
  running: 'in_progress',
  paused: 'in_progress',
  done: 'completed',
  failed: 'failed',
  cancelled: 'failed',
};

function snapshotWire({ id, params, state, output, createdAt, updatedAt }: Job): SnapshotWire {
  const { rows, md5 } = isJsonObject(output) ? output : {};
  return {
    id,
    title: String(params.title ?? ''),
    status: STATUS_OF[state],
    created_at: createdAt,
    finished_at: state === 'done' || state === 'failed' ? updatedAt : null,
    md5: typeof md5 === 'string' ? md5 : '',
    counters: { task_number: typeof rows === 'number' ? rows : 0 },
    converted_formats: [],
  };
}
