/** Everything for Label Studio, put together: connections, the ML-backend protocol, events, syncs. */
import type { Connection } from '../../core/connection.ts';
import { AppError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import { parseLabelConfig } from '../../labelconfig/index.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { type JobHandler, throwIfStopped } from '../jobs/job-runner.ts';
import type { Loops } from '../learning/loops.ts';
import { PREDICT } from '../learning/predict.ts';
import { enqueueTraining } from '../learning/retrain.ts';
import { found } from '../lookup.ts';
import type { ProjectsApi } from '../projects/api.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { newSecret } from '../secrets.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { ConnectionView, StudioApi, StudioProtocol } from './api.ts';
import { studioClient } from './client.ts';
import { baseUrl, Connections, checkedSettings, DEFAULT_CONNECTION } from './connections.ts';
import { examine } from './doctor.ts';
import { Inbox } from './inbox.ts';
import { Intake } from './intake.ts';
import { Interactive } from './interactive.ts';
import { checkOrderField } from './order-fields.ts';
import { Predictor } from './predict.ts';
import { Proposals } from './proposals.ts';
import { createPushHandler, enqueuePush, STUDIO_PUSH } from './push.ts';
import { createSyncHandler, enqueueSync, STUDIO_SYNC } from './sync.ts';
import { CALL_TRAINER, countFor, createTrainerHandler } from './trainer.ts';
import { SuggestionVersions } from './version.ts';

export interface Studio {
  readonly api: StudioApi;
  readonly handlers: Readonly<Record<string, JobHandler>>;
  /** What a job of a project does once the events for it that were acknowledged before it began have taken effect. */
  afterEvents(handler: JobHandler): JobHandler;
  close(): Promise<void>;
}

export interface StudioParts {
  readonly loops: Loops;
  readonly matrices: Matrices;
  readonly configs: ProjectConfigs;
  readonly projects: ProjectsApi;
  readonly suggestions: Suggestions;
}

/** Events are worked off from now on. */
export function createStudio(deps: Deps, { loops, matrices, configs, projects, suggestions }: StudioParts): Studio {
  const { store } = deps;
  const connections = new Connections(deps);
  const versions = new SuggestionVersions(deps);
  const intake = new Intake(deps, loops, configs, connections);
  const proposals = new Proposals(deps, { loops, matrices, configs, suggestions }, versions);
  const predictor = new Predictor(deps, intake, proposals, versions);
  const interactive = new Interactive(deps, configs, versions);

  /** Label Studio decides on the label config; labels that vanish stay in the answers that use them. */
  const follow = async (connection: Connection, labelConfig: string): Promise<void> => {
    const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
    if (project.labelConfig === labelConfig) return;
    await projects.update(project.id, { labelConfig }, { removed: 'keep' });
  };
  const inbox = new Inbox(deps, configs, connections, intake, follow);

  const view = async (connection: Connection): Promise<ConnectionView> => {
    const { secretHash: _hash, token, offeredToken: _offered, ...rest } = connection;
    const waiting = await store.studio.waiting(connection.id);
    return {
      ...rest,
      hasToken: token !== null,
      modelVersion: (await versions.of(connection.projectId)).name,
      waiting: waiting.map(({ id, attempts, error, receivedAt }) => ({ id, attempts, error, receivedAt })),
    };
  };

  // A version that has just been predicted goes where it is followed.
  const unsubscribe = store.jobs.onChange((job) => {
    if (job.kind !== PREDICT || job.state !== 'done' || job.projectId === null) return;
    void followVersion(job.projectId).catch((error: unknown) =>
      deps.log.error({ project: job.projectId, error: String(error) }, 'new predictions could not be queued'),
    );
  });
  const followVersion = async (projectId: number): Promise<void> => {
    for (const connection of await store.studio.list(projectId)) {
      if (connection.settings.follow) await enqueuePush(deps, connection, 'all');
    }
  };

  const api: StudioApi = {
    async connect(input) {
      const url = input.url === undefined ? null : baseUrl(input.url);
      const row = {
        projectId: input.projectId ?? 0,
        url,
        studioProject: input.studioProject ?? null,
        token: input.token ?? null,
        offeredUrl: null,
        offeredToken: null,
        settings: checkedSettings(DEFAULT_CONNECTION, input.settings),
        runId: null,
      };
      const projectId = input.projectId ?? (await projectFrom(deps, projects, row));
      const project = await found('project', projectId, store.projects.get(projectId));
      await checkOrderField(store, { ...row, projectId }, configs.of(project).parsed);
      const { connection, secret } = await connections.add({ ...row, projectId });
      return { connection: await view(connection), secret };
    },
    list: async (projectId) => Promise.all((await store.studio.list(projectId)).map(view)),
    get: async (id) => view(await connections.get(id)),
    async update(id, change) {
      const old = await connections.get(id);
      if (change.acceptOffer && old.offeredUrl === null) {
        throw new AppError('CONFLICT', 'Label Studio has not called yet, so there is no address to accept.');
      }
      const { url, token, studioProject } = change;
      const settings = checkedSettings(old.settings, change.settings);
      if (settings.orderField !== old.settings.orderField) {
        const project = await found('project', old.projectId, store.projects.get(old.projectId));
        await checkOrderField(store, { ...old, settings }, configs.of(project).parsed);
      }
      const next = await connections.update(id, {
        ...(change.acceptOffer ? { url: old.offeredUrl, token: null } : {}),
        ...(url === undefined ? {} : { url: url === null ? null : baseUrl(url) }),
        ...(token === undefined ? {} : { token }),
        ...(studioProject === undefined ? {} : { studioProject }),
        settings,
      });
      await enqueuePush(deps, next, 'owed');
      return view(next);
    },
    async renew(id) {
      const { connection, secret } = await connections.renew(id);
      return { connection: await view(connection), secret };
    },
    async remove(id) {
      await connections.remove(id);
      predictor.forget(id);
    },
    async sync(id, { dryRun = false, direction = 'pull', predictions = true, order = false } = {}) {
      const connection = await connections.get(id);
      studioClient(deps.fetch, connection);
      return enqueueSync(deps, connection, { dryRun, direction, predictions, order });
    },
    doctor: async (id) => examine({ deps, configs, suggestions, versions }, await connections.get(id)),

    trainer: (projectId) => store.studio.trainer(projectId),
    async setTrainer(projectId, { url, every, counts }) {
      const secret = newSecret(deps);
      const trainer = { projectId, url: trainerUrl(url), secret, every, counts, calledAt: 0 };
      const saved = { ...trainer, calledAt: await countFor(store, trainer) };
      await store.studio.setTrainer(saved);
      return { trainer: saved, secret };
    },
    removeTrainer: (projectId) => store.studio.removeTrainer(projectId),

    protocol: createProtocol(),
  };

  return {
    api,
    handlers: {
      [STUDIO_SYNC]: createSyncHandler({ deps, configs, connections, intake, proposals, follow }),
      [STUDIO_PUSH]: createPushHandler(deps, connections, proposals),
      [CALL_TRAINER]: createTrainerHandler(deps),
    },
    afterEvents: (handler) => async (work) => {
      await inbox.settled(work.job.projectId!, work.signal);
      throwIfStopped(work.signal);
      return handler(work);
    },
    async close() {
      unsubscribe();
      versions.close();
      await inbox.stop();
    },
  };

  function createProtocol(): StudioProtocol {
    /** Setups come before every call: what they bring is taken over afterwards, one after the other. */
    let following: Promise<void> = Promise.resolve();
    return {
      bySecret: (secret) => connections.bySecret(secret),
      byProject: (who, studioProject) => connectionFor(deps, who, studioProject),
      async setup(connection, input) {
        const offeredUrl = input.hostname === null ? connection.offeredUrl : normalized(input.hostname);
        const change = {
          studioProject: connection.studioProject ?? input.studioProject,
          offeredUrl,
          // A token is for the address that it came with.
          offeredToken: input.token ?? (offeredUrl === connection.offeredUrl ? connection.offeredToken : null),
        };
        const isNews = Object.entries(change).some(([key, value]) => connection[key as keyof Connection] !== value);
        if (isNews) await connections.update(connection.id, change);
        const { schema } = input;
        if (schema !== null && schema !== '') {
          following = following
            .then(() => follow(connection, schema))
            .catch((error: unknown) =>
              deps.log.warn({ connection: connection.id, error: String(error) }, 'a label config was not taken over'),
            );
        }
        return { modelVersion: (await versions.of(connection.projectId)).name };
      },
      predict: (connection, tasks, { signal, context }) =>
        context !== null && isJsonObject(context) && Array.isArray(context.result)
          ? interactive.suggest(connection, tasks, context, signal())
          : predictor.predict(connection, tasks, signal),
      receive: (connection, body) => inbox.receive(connection, body),
      train: (connection) => enqueueTraining(deps, connection.projectId),
      async job(connection, id) {
        const job = await store.jobs.get(id);
        return job?.projectId === connection.projectId ? job : undefined;
      },
      async versions(connection) {
        const { name } = await versions.of(connection.projectId);
        return [...new Set([name, ...(await store.studio.versions(connection.id))])];
      },
      async metrics(connection) {
        const waiting = await store.studio.waiting(connection.id);
        return { ...predictor.countsOf(connection.id), events_waiting: waiting.length };
      },
    };
  }
}

/** A new project with the title and the label config of the one over there. */
async function projectFrom(
  deps: Deps,
  projects: ProjectsApi,
  row: Omit<Connection, 'id' | 'createdAt' | 'secretHash'>,
): Promise<number> {
  if (row.url === null || row.token === null || row.studioProject === null) {
    throw new AppError(
      'INPUT_BAD_FIELD',
      'Name a project of Headstart, or give `url`, `token` and `studio_project` of the Label Studio project to make one from.',
      { details: { field: 'project' } },
    );
  }
  const client = studioClient(deps.fetch, { ...row, id: 0, createdAt: '', secretHash: '' });
  const theirs = await client.get(`/api/projects/${row.studioProject}/`);
  if (!isJsonObject(theirs) || typeof theirs.label_config !== 'string') {
    throw new AppError('STUDIO_REFUSED', 'Label Studio did not say what the label config of the project is.');
  }
  // Before a project is made that nobody would connect.
  await checkOrderField(deps.store, row, parseLabelConfig(theirs.label_config));
  const title =
    typeof theirs.title === 'string' && theirs.title.trim() !== '' ? theirs.title.slice(0, TITLE_CHARS) : '';
  const project = await projects.create({
    title: title || `Label Studio project ${row.studioProject}`,
    labelConfig: theirs.label_config,
  });
  return project.id;
}

const TITLE_CHARS = 200;

/** A token of one project names it; a token of everything needs the number of the Label Studio project. */
async function connectionFor({ store }: Deps, who: Identity, studioProject: number | null): Promise<Connection> {
  const all = await store.studio.list(who.projectId ?? undefined);
  const fits = all.filter(
    (one) => studioProject === null || one.studioProject === null || one.studioProject === studioProject,
  );
  const exact = fits.filter((one) => one.studioProject === studioProject);
  const [first] = exact.length > 0 ? exact : fits;
  if (first !== undefined && (exact.length === 1 || fits.length === 1)) return first;
  const which = studioProject === null ? 'this call' : `Label Studio project ${studioProject}`;
  throw new AppError(
    'NOT_FOUND',
    `No connection, or more than one, fits ${which}; connect it first (headstart studio connect) and paste the address that this prints.`,
    { details: { what: 'connection', studioProject } },
  );
}

/** As the owner would give it; what is no address is offered to nobody. */
function normalized(hostname: string): string | null {
  try {
    return baseUrl(hostname);
  } catch {
    return null;
  }
}

function trainerUrl(text: string): string {
  baseUrl(text);
  return new URL(text).href;
}
