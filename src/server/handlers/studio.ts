/** Connections to Label Studio, syncs, the doctor of a connected project, and trainers elsewhere. */
import type { FastifyRequest } from 'fastify';
import type { App } from '../../app/app.ts';
import type { ConnectionView, StudioApi } from '../../app/studio/api.ts';
import type { ConnectionSettings, Trainer } from '../../core/connection.ts';
import type { Handlers } from '../bind.ts';
import type { Body } from '../contract/index.ts';
import type { ConnectionWire, TrainerWire } from '../contract/studio.ts';
import { compact } from '../wire.ts';
import { jobWire } from '../wire-work.ts';

type Names =
  | 'connectionList'
  | 'connectionCreate'
  | 'studioConnect'
  | 'connectionGet'
  | 'connectionUpdate'
  | 'connectionDelete'
  | 'connectionRenew'
  | 'connectionSync'
  | 'connectionDoctor'
  | 'trainerGet'
  | 'trainerSet'
  | 'trainerDelete';

export function studioHandlers({ studio }: App): Handlers<Names> {
  return {
    connectionList: async ({ params }) => (await studio.list(params.project_id)).map(connectionWire),
    async connectionCreate({ params, body, request }) {
      const { connection, secret } = await studio.connect({ projectId: params.project_id, ...connectInput(body) });
      return { ...connectionWire(connection), backend_url: backendUrl(request, secret) };
    },
    async studioConnect({ body, request }) {
      const { connection, secret } = await studio.connect(connectInput(body));
      return { ...connectionWire(connection), backend_url: backendUrl(request, secret) };
    },
    connectionGet: async ({ params }) => connectionWire(await studio.get(params.connection_id)),
    async connectionUpdate({ params, body }) {
      const change = compact({
        url: body.url,
        token: body.token,
        studioProject: body.studio_project,
        settings: settingsInput(body.settings),
        acceptOffer: body.accept_offer,
      });
      return connectionWire(await studio.update(params.connection_id, change));
    },
    async connectionDelete({ params }) {
      await studio.remove(params.connection_id);
      return null;
    },
    async connectionRenew({ params, request }) {
      const { connection, secret } = await studio.renew(params.connection_id);
      return { ...connectionWire(connection), backend_url: backendUrl(request, secret) };
    },
    async connectionSync({ params, body }) {
      const { dry_run: dryRun, direction, predictions, order } = body;
      const options = compact({ dryRun, direction, predictions, order });
      return jobWire(await studio.sync(params.connection_id, options));
    },
    connectionDoctor: async ({ params }) => (await studio.doctor(params.connection_id)).map((one) => ({ ...one })),
    ...trainerHandlers(studio),
  };
}

function trainerHandlers(studio: StudioApi): Handlers<'trainerGet' | 'trainerSet' | 'trainerDelete'> {
  return {
    async trainerGet({ params }) {
      const trainer = await studio.trainer(params.project_id);
      return { trainer: trainer ? trainerWire(trainer) : null };
    },
    async trainerSet({ params, body }) {
      const { url, every, counts = 'annotations' } = body;
      const { trainer, secret } = await studio.setTrainer(params.project_id, { url, every, counts });
      return { ...trainerWire(trainer), secret };
    },
    async trainerDelete({ params }) {
      await studio.removeTrainer(params.project_id);
      return null;
    },
  };
}

function connectInput(body: Body<'connectionCreate'>) {
  return compact({
    url: body.url,
    token: body.token,
    studioProject: body.studio_project,
    settings: settingsInput(body.settings),
  });
}

function settingsInput(given: Body<'connectionCreate'>['settings']): Partial<ConnectionSettings> | undefined {
  if (given === undefined) return undefined;
  return compact({
    deadlineMs: given.deadline_ms,
    scores: given.scores,
    follow: given.follow,
    orderField: given.order_field,
  });
}

/** As the caller reaches this server; behind a proxy the host may have to be changed by hand. */
function backendUrl(request: FastifyRequest, secret: string): string {
  return `${request.protocol}://${request.host}/ml/${secret}`;
}

function connectionWire(view: ConnectionView): ConnectionWire {
  const { deadlineMs, scores, follow, orderField } = view.settings;
  return {
    id: view.id,
    project: view.projectId,
    url: view.url,
    studio_project: view.studioProject,
    has_token: view.hasToken,
    offered_url: view.offeredUrl,
    settings: { deadline_ms: deadlineMs, scores, follow, order_field: orderField },
    model_version: view.modelVersion,
    waiting: view.waiting.map(({ id, attempts, error, receivedAt }) => ({
      id,
      attempts,
      error,
      received_at: receivedAt,
    })),
    created_at: view.createdAt,
  };
}

function trainerWire({ projectId, url, every, counts, calledAt }: Trainer): TrainerWire {
  return { project: projectId, url, every, counts, called_at: calledAt };
}
