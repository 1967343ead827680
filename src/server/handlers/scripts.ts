/** What scripts written for Label Studio call beside the API's own routes. */
import type { App, Identity } from '../../app/app.ts';
import type { Job } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import { notFound } from '../access.ts';
import type { Handlers } from '../bind.ts';
import type { Body } from '../contract/index.ts';
import type { SnapshotWire } from '../contract/scripts.ts';
import { checkedQuery } from '../task-query.ts';
import { compact, predictionWire, taskDetailWire } from '../wire.ts';
import { downloadHeaders } from './transfer.ts';

type Names =
  | 'taskCreate'
  | 'tasksDeleteAll'
  | 'predictionVersions'
  | 'predictionVersionDelete'
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
  const { scripts, projects, people } = app;
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
    storageList: async () => [],
    storageListOf: async () => [],
    exportStorageListOf: async () => [],
    async predictionVersions({ params, query }) {
      const versions = await scripts.modelVersions(params.project_id);
      if (!query.extended) return Object.fromEntries(versions.map(({ name, count }) => [name, count]));
      const rows = versions.map(({ name, count, latest }) => ({ model_version: name, count, latest }));
      return { static: rows, live: [] };
    },
    predictionVersionDelete: ({ params, body }) => scripts.deleteModelVersion(params.project_id, body.model_version),
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

function predictionHandlers({
  scripts,
  predictions,
}: App): Handlers<'predictionsImport' | 'predictionUpdate' | 'predictionDelete'> {
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
      const { result, score, model_version } = body;
      if (model_version && model_version !== (await predictions.get(params.prediction_id)).modelVersion) {
        throw new AppError(
          'INPUT_BAD_FIELD',
          'A prediction stays with its version; make another one and delete this.',
          {
            details: { field: 'model_version' },
          },
        );
      }
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
  const idsOfView = async (projectId: number, id: number | null | undefined) => {
    if (!id) return undefined;
    const view = await scripts.view(id);
    if (view.projectId !== projectId) throw notFound('view', id);
    return scripts.select(projectId, checkedQuery(view.data), { fresh: true });
  };
  return {
    snapshotList: async ({ params }) => (await scripts.snapshots(params.project_id)).map(snapshotWire),
    async snapshotCreate({ params, body }) {
      const chosen = chosenTasks(body.task_filter_options);
      const taskIds = await idsOfView(params.project_id, body.task_filter_options?.view);
      const input = { title: body.title ?? '', labels: 'both' as const, ...chosen, ...compact({ taskIds }) };
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
  const onlyLabeled = options?.annotated === 'only' || options?.only_with_annotations === true;
  return { onlyLabeled, onlyFinished: options?.finished === 'only' };
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
