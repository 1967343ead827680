/** A small App in memory: two projects with one thing of every kind each, enough to drive every route. */
import { createHash } from 'node:crypto';
import type { App, Identity } from '../../src/app/app.ts';
import type { TrainingPlan } from '../../src/app/learning/api.ts';
import type { PredictionView } from '../../src/app/suggestions/api.ts';
import type { Annotation, Job, ModelVersion, Prediction, Project, Run, Task, Token } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Media } from '../../src/media/media.ts';
import { fakeLibrary } from './fake-library.ts';
import { fakeRules } from './fake-rules.ts';
import { fakeScripts } from './fake-scripts.ts';
import { type FakeServing, fakeServing } from './fake-serving.ts';
import { fakeSpread } from './fake-spread.ts';
import { fakeStudio } from './fake-studio.ts';

const PLAN: TrainingPlan = {
  wouldTrain: false,
  sentence: 'Would not train now. 3 new labeled tasks since the last training; due at 10.',
  rules: [{ name: 'annotations', met: false, sentence: '3 new labeled tasks since the last training; due at 10.' }],
  obstacle: null,
  jobId: null,
  labels: 13,
};

export const CONFIG =
  '<View><Text name="text" value="$text"/><Choices name="kind" toName="text"><Choice value="spam" hotkey="1"/><Choice value="ham"/></Choices></View>';

const AT = '2025-01-02T03:04:05.000Z';

export interface FakeApp extends App {
  readonly serving: FakeServing;
  /** Calls that changed something, in order. */
  readonly calls: string[];
  /** Bytes of the last import. */
  imported: string;
  /** Changes a job and tells the listeners. */
  progress(jobId: number, change: Partial<Job>): Job;
  readonly tables: Tables;
  /** What `next` gives; undefined for an empty queue. */
  nextTaskId: number | undefined;
}

interface Tables {
  readonly projects: Map<number, Project>;
  readonly tasks: Map<number, Task>;
  readonly annotations: Map<number, Annotation>;
  readonly predictions: Map<number, Prediction>;
  readonly runs: Map<number, Run>;
  readonly jobs: Map<number, Job>;
  readonly models: Map<number, ModelVersion>;
  readonly tokens: Map<number, Token & { secret: string }>;
}

/** Ids of project 1 are 1..., of project 2 are 2... in every table; annotators: 1 owner, 2 anna (project 1), 3 ben (project 2). */
export const SECRETS = { owner: 'owner-secret', anna: 'anna-secret', ben: 'ben-secret', lead: 'lead-secret' };

const NAMES: Record<number, string> = { 1: 'owner', 2: 'anna', 3: 'ben', 4: 'lead' };

export function fakeApp(): FakeApp {
  const tables = fill();
  const calls: string[] = [];
  const listeners = new Set<(job: Job) => void>();
  let revision = 100;
  const get = <T>(table: Map<number, T>, what: string, id: number): T => {
    const row = table.get(id);
    if (row === undefined) throw new AppError('NOT_FOUND', `Fake: no ${what} ${id}.`);
    return row;
  };
  const put = <T extends { id: number }>(table: Map<number, T>, row: T): T => {
    table.set(row.id, row);
    return row;
  };
  const of = <T extends { projectId: number | null }>(table: Map<number, T>, projectId: number) =>
    [...table.values()].filter((row) => row.projectId === projectId);
  const paged = <T extends { id: number }>(rows: T[], page: { after: number; limit: number }) =>
    rows.filter((row) => row.id > page.after).slice(0, page.limit);
  const identityOf = (token: Token): Identity => ({
    annotatorId: token.annotatorId,
    name: NAMES[token.annotatorId] ?? token.label,
    role: token.role,
    projectId: token.projectId,
  });
  const view = (prediction: Prediction): PredictionView => ({ ...prediction, modelVersion: 'head@1' });
  const viewed = (prediction: Prediction | undefined): PredictionView | null => (prediction ? view(prediction) : null);
  const progress = (jobId: number, change: Partial<Job>) => {
    const job = put(tables.jobs, { ...get(tables.jobs, 'job', jobId), ...change, revision: ++revision });
    for (const listener of listeners) listener(job);
    return job;
  };
  const state = {
    strategy: 'herding',
    embedder: 'lexical',
    phase: 'seed',
    ranked: 3,
    tasks: 3,
    annotationsUntilRetrain: 7,
    modelVersion: null,
    modelNumber: null,
  };
  const reason = {
    strategy: 'herding',
    phase: 'seed',
    rank: 1,
    score: 0.5,
    probabilities: { spam: 0.5, ham: 0.5 },
    margin: 0,
    distance: null,
    density: 0.25,
    disagreement: null,
    sentence: 'It stands for many others.',
  };

  const app: FakeApp = {
    calls,
    tables,
    imported: '',
    nextTaskId: 1,
    progress,
    projects: {
      async create(input) {
        calls.push('projects.create');
        const id = Math.max(...tables.projects.keys()) + 1;
        const base = projectRow(id);
        return put(tables.projects, {
          ...base,
          title: input.title ?? base.title,
          description: input.description ?? '',
          instruction: input.instruction ?? '',
          labelConfig: input.labelConfig ?? CONFIG,
          settings: { ...base.settings, ...input.settings },
        });
      },
      get: async (id) => get(tables.projects, 'project', id),
      list: async (options) =>
        [...tables.projects.values()].filter((one) => (one.archivedAt !== null) === (options?.archived ?? false)),
      async update(id, input, migration) {
        calls.push(`projects.update ${JSON.stringify({ input, migration })}`);
        const old = get(tables.projects, 'project', id);
        const { settings, archived, ...rest } = input;
        return put(tables.projects, {
          ...old,
          ...rest,
          settings: { ...old.settings, ...settings },
          archivedAt: archived === undefined ? old.archivedAt : archived ? AT : null,
        });
      },
      async delete(id) {
        calls.push(`projects.delete ${id}`);
        tables.projects.delete(id);
      },
      async counts(id) {
        return {
          tasks: of(tables.tasks, id).length,
          labeledTasks: 1,
          finishedTasks: 1,
          annotations: of(tables.annotations, id).length,
          skipped: 0,
          groundTruth: 0,
        };
      },
      async duplicate(id, input) {
        get(tables.projects, 'project', id);
        return app.projects.create(input);
      },
      checkLabelConfig(xml) {
        if (!xml.includes('Choices')) throw new AppError('LABELCONFIG_NO_CONTROL', 'There is no control tag.');
        return { controls: [{ name: 'kind', type: 'Choices', labels: ['spam', 'ham'] }] };
      },
    },
    tasks: {
      get: async (id) => get(tables.tasks, 'task', id),
      list: async (projectId, page) => paged(of(tables.tasks, projectId), page),
      async edit(id, change) {
        calls.push('tasks.edit');
        return put(tables.tasks, { ...get(tables.tasks, 'task', id), ...change });
      },
      async delete(projectId, ids) {
        const mine = ids.filter((id) => tables.tasks.get(id)?.projectId === projectId);
        for (const id of mine) tables.tasks.delete(id);
        return mine.length;
      },
      similar: async (id) => [{ task: get(tables.tasks, 'task', id), similarity: 0.9, label: 'spam' }],
      votes: async () => [
        { labeler: 'annotator:anna', kind: 'annotator', runId: null, control: 'kind', label: 'spam', score: null },
        { labeler: 'annotator:ben', kind: 'annotator', runId: null, control: 'kind', label: 'ham', score: null },
        { labeler: 'model:head@1', kind: 'model', runId: 1, control: 'kind', label: 'ham', score: 0.7 },
      ],
    },
    transfer: {
      async importTasks(request) {
        const chunks: Uint8Array[] = [];
        for await (const chunk of request.body) chunks.push(chunk);
        app.imported = Buffer.concat(chunks).toString();
        calls.push(
          `import ${request.projectId} ${request.name} ${request.format ?? '-'} ${request.skipInvalid ?? '-'}`,
        );
        return {
          jobId: request.projectId,
          runId: request.projectId,
          taskCount: 2,
          annotationCount: 0,
          predictionCount: 0,
          format: 'csv',
          fields: ['text'],
          skipped: [],
          seconds: 0.1,
        };
      },
      async exportTasks(request) {
        calls.push(`export ${JSON.stringify(request)}`);
        if (request.format === 'nope') throw new AppError('INPUT_BAD_FORMAT', 'There is no format "nope".');
        return {
          name: 'täsks "1".csv',
          mediaType: 'text/csv; charset=utf-8',
          body: (async function* () {
            yield 'text,kind\n';
            yield '<script>alert(1)</script>,spam\n';
          })(),
        };
      },
      async exportLosses(request) {
        calls.push(`losses ${JSON.stringify(request)}`);
        return { count: 1, losses: [{ taskId: 1, message: '1 shapes became boxes.' }] };
      },
      formats: () => [
        { name: 'csv', title: 'CSV', holds: 'data', reads: true, writes: true, folder: false, extensions: ['csv'] },
      ],
      templates: () => [
        { name: 'text-classes', title: 'Classes', group: 'text', config: CONFIG, sample: { text: 'hello' } },
      ],
    },
    media: {
      async ofTask(id) {
        get(tables.tasks, 'task', id);
        return fakeMedia();
      },
      upload: async () => fakeMedia(),
      async addUploads(request) {
        for await (const file of request.files) calls.push(`upload ${request.projectId} ${file.name}`);
        return { uploads: [], imported: null };
      },
    },
    queue: {
      async next(projectId, who, options) {
        calls.push(`next ${who.name} ${options?.exclude?.join('+') ?? ''}`);
        const task = app.nextTaskId === undefined ? undefined : tables.tasks.get(app.nextTaskId);
        if (task?.projectId !== projectId) return undefined;
        return {
          task,
          prediction: viewed(tables.predictions.get(projectId)),
          guess: null,
          reason,
          blind: false,
          leaseExpiresAt: 1_700_000_000_000,
        };
      },
      async release(taskId, who, options) {
        calls.push(`release ${taskId} ${who.name} ${options?.postpone ?? '-'}`);
      },
      preview: async (projectId, limit) =>
        of(tables.tasks, projectId)
          .slice(0, limit)
          .map((task) => ({ task, reason })),
      state: async () => state,
      rank: async () => state,
      rerankTimesMs: () => [12.5],
    },
    annotations: {
      async submit(input, who) {
        calls.push(`submit ${JSON.stringify(input)} by ${who.name}`);
        const task = get(tables.tasks, 'task', input.taskId);
        const key = input.submissionId ?? `auto-${tables.annotations.size}`;
        const old = [...tables.annotations.values()].find((one) => one.submissionId === key);
        if (old) return { annotation: old, created: false };
        const id = Math.max(...tables.annotations.keys()) + 1;
        const row = annotationRow(id, task.projectId, task.id, who.annotatorId);
        const annotation = { ...row, result: input.result, submissionId: key, visibleMs: input.visibleMs ?? null };
        return { annotation: put(tables.annotations, annotation), created: true };
      },
      get: async (id) => get(tables.annotations, 'annotation', id),
      async update(id, change) {
        calls.push(`update ${JSON.stringify(change)}`);
        const { taskId: _task, ...rest } = change;
        return put(tables.annotations, { ...get(tables.annotations, 'annotation', id), ...rest });
      },
      async delete(id, options) {
        calls.push(`annotations.delete ${id} ${options?.lease ?? '-'}`);
        tables.annotations.delete(id);
      },
      ofTask: async (taskId) => [...tables.annotations.values()].filter((one) => one.taskId === taskId),
      list: async (projectId, page) => paged(of(tables.annotations, projectId), page),
      recent: async (projectId, who) =>
        of(tables.annotations, projectId).filter((one) => one.annotatorId === who.annotatorId),
    },
    predictions: {
      get: async (id) => view(get(tables.predictions, 'prediction', id)),
      ofTask: async (taskId) => [...tables.predictions.values()].filter((one) => one.taskId === taskId).map(view),
      current: async (projectId) => of(tables.predictions, projectId).map(view),
      async add(taskId, input) {
        const task = get(tables.tasks, 'task', taskId);
        const id = Math.max(...tables.predictions.keys()) + 1;
        const row = {
          ...predictionRow(id, task.projectId, taskId),
          result: input.result,
          score: input.score ?? null,
        };
        return { ...view(put(tables.predictions, row)), modelVersion: input.modelVersion ?? 'external' };
      },
    },
    runs: {
      list: async (projectId) => of(tables.runs, projectId),
      get: async (id) => get(tables.runs, 'run', id),
      votes: async (id) => [{ runId: id, taskId: id, labelId: 1, score: 1 }],
      undo: async (id) => put(tables.runs, { ...get(tables.runs, 'run', id), revokedAt: AT }),
      redo: async (id) => put(tables.runs, { ...get(tables.runs, 'run', id), revokedAt: null }),
    },
    jobs: {
      list: async ({ projectId, limit }) =>
        [...tables.jobs.values()]
          .filter((job) => projectId === undefined || job.projectId === projectId)
          .slice(0, limit),
      get: async (id) => get(tables.jobs, 'job', id),
      failures: async (id) => [{ taskId: id, code: 'BACKEND_BAD_ITEM', message: 'Too long.' }],
      pause: async (id) => progress(id, { pauseRequested: true }),
      resume: async (id) => progress(id, { pauseRequested: false }),
      cancel: async (id) => progress(id, { cancelRequested: true }),
      retry: async (id) => progress(id, { state: 'queued' }),
      wait: async (id) => get(tables.jobs, 'job', id),
      changedSince: async (from, limit) =>
        [...tables.jobs.values()]
          .filter((job) => job.revision > from)
          .sort((a, b) => a.revision - b.revision)
          .slice(0, limit),
      onChange(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      prelabel: async (projectId) => get(tables.jobs, 'job', projectId),
      train: async (projectId) => get(tables.jobs, 'job', projectId),
    },
    models: {
      available: async () => [
        { name: 'lexical', kind: 'text', version: '1', dim: 1024, ready: true, note: 'Built in.' },
      ],
      versions: async (projectId) => of(tables.models, projectId),
      compare: async () => ({ total: 10, flipped: [{ taskId: 1, from: 'spam', to: 'ham' }] }),
      async activate(_projectId, versionId) {
        calls.push(`activate ${versionId}`);
        return get(tables.models, 'model', versionId);
      },
      async unpin(projectId) {
        calls.push(`unpin ${projectId}`);
      },
    },
    people: {
      localOwner: async () => ({ annotatorId: 1, name: 'owner', role: 'owner', projectId: null }),
      async invite({ name, role, projectId }) {
        const id = Math.max(...tables.tokens.keys()) + 1;
        const secret = createHash('sha256').update(name).digest('hex');
        const token = { ...tokenRow(id, id, role, projectId, secret), label: name };
        put(tables.tokens, token);
        const { secret: _secret, ...rest } = token;
        return { token: rest, secret };
      },
      join: (name, projectId) => app.people.invite({ name, role: 'annotator', projectId }),
      tokens: async () => [...tables.tokens.values()].map(({ secret: _secret, ...token }) => token),
      async revoke(tokenId) {
        calls.push(`revoke ${tokenId}`);
        put(tables.tokens, { ...get(tables.tokens, 'token', tokenId), revokedAt: AT });
      },
      async identify(secret) {
        const token = [...tables.tokens.values()].find((one) => one.secret === secret);
        return token && token.revokedAt === null ? identityOf(token) : undefined;
      },
      async onBehalfOf(who, annotatorId) {
        if (who.role !== 'owner') throw new AppError('AUTH_FORBIDDEN', 'For yourself only.');
        return { ...who, annotatorId };
      },
      annotators: async () => [{ id: 2, name: 'anna', annotations: 5, skipped: 1, medianVisibleMs: 1200 }],
    },
    learning: {
      trainingPlan: async () => PLAN,
      async askToTrain(projectId) {
        calls.push(`ask ${projectId}`);
        return { plan: PLAN, job: null };
      },
      modelFigures: async (_projectId, of) => ({
        version: 2,
        of,
        n: 25,
        needed: 20,
        labels: ['spam', 'ham'],
        accuracy: { n: 25, hits: 20, share: 0.8, low: 0.6, high: 0.9 },
        macroF1: { value: 0.8, low: 0.7, high: 0.9 },
        calibrationError: null,
        perLabel: [{ label: 'spam', precision: null, recall: null }],
        confusion: [{ given: 0, said: 1, n: 5, taskIds: [1] }],
        calibration: [{ confidence: 0.9, n: 25, hits: 20, share: 0.8, low: 0.6, high: 0.9 }],
      }),
      strategies: () => [
        { name: 'random', summary: 'At random.', source: 'baseline', singleChoiceOnly: false, asked: null },
      ],
      compareOrders: async () => ({ before: [], after: [] }),
      async drawMap(projectId) {
        calls.push(`map ${projectId}`);
        return get(tables.jobs, 'job', 1);
      },
      map: async () => ({
        drawn: 'd1',
        embedder: 'lexical-1',
        unplaced: 0,
        labels: ['spam', 'ham'],
        taskIds: Uint32Array.of(1),
        xy: Float32Array.of(0.5, -0.5),
        given: Int16Array.of(-1),
        suggested: Int16Array.of(0),
        unsure: Uint8Array.of(20),
      }),
      async queueFirst(projectId, taskIds) {
        calls.push(`first ${projectId}: ${taskIds.join()}`);
        return taskIds.length;
      },
    },
    insights: {
      of: async () => ({
        curve: [{ n: 1, hits: 1, share: 1, low: 0.2, high: 1, labels: 10 }],
        acceptance: { n: 4, hits: 3, share: 0.75, low: 0.3, high: 0.95 },
        blindAccuracy: null,
        timeSaved: { aidedMs: 1000, blindMs: 2000, saved: 0.5, low: 0.4, high: 0.6, aided: 40, blind: 30 },
        bias: null,
        projection: {
          goal: 0.95,
          accuracy: { median: 0.9, low: 0.8, high: 0.94 },
          moreLabels: { median: 120, low: 70, high: Number.POSITIVE_INFINITY },
          sentence: 'Now about 0.90; about 120 more labels to 0.95; 80 % interval 70 to without limit.',
        },
        stopAdvice: {
          state: 'early',
          sentence: 'Too early to say: 2 more trainings to compare.',
          agreements: [{ fromLabels: 20, toLabels: 40, items: 100, kappa: 0.9, deltaF: 0.03, changed: 0.04 }],
        },
      }),
      labelErrors: async (_projectId, limit) => ({
        judged: 40,
        estimated: 3,
        results: [
          {
            annotationId: 1,
            taskId: 5,
            annotatorId: 2,
            given: ['spam'],
            suggested: ['ham'],
            confidence: 0.1,
            margin: -0.8,
            confident: true,
          },
        ].slice(0, limit),
      }),
    },
    library: fakeLibrary(
      (call) => calls.push(call),
      () => get(tables.jobs, 'job', 1),
    ),
    spread: fakeSpread(
      (call) => calls.push(call),
      () => get(tables.jobs, 'job', 1),
    ),
    rules: fakeRules(
      (call) => calls.push(call),
      () => get(tables.jobs, 'job', 1),
    ),
    promotion: { promote: async () => get(tables.jobs, 'job', 1) },
    serving: fakeServing(),
    studio: fakeStudio(
      (call) => calls.push(call),
      () => get(tables.jobs, 'job', 1),
    ),
    scripts: fakeScripts({
      changed: (call) => calls.push(call),
      job: (id) => get(tables.jobs, 'job', id),
      task: (id) => get(tables.tasks, 'task', id),
      prediction: (id) => view(get(tables.predictions, 'prediction', id)),
    }),
    async close() {},
  };
  return app;
}

function fakeMedia(): Media {
  const bytes = Buffer.from('hello');
  return {
    type: 'text/plain; charset=utf-8',
    kind: 'text',
    inline: true,
    size: bytes.length,
    name: 'hello.txt',
    version: '1',
    header: { width: null, height: null, pages: null, seconds: null, sampleRate: null, channels: null, exif: null },
    read: async function* (range) {
      yield range ? bytes.subarray(range.start, range.end + 1) : bytes;
    },
    close: async () => undefined,
  };
}

function fill(): Tables {
  const each = <T extends { id: number }>(make: (id: number) => T) => new Map([1, 2].map((id) => [id, make(id)]));
  return {
    projects: each(projectRow),
    tasks: each((id) => taskRow(id, id)),
    annotations: each((id) => annotationRow(id, id, id, id + 1)),
    predictions: each((id) => predictionRow(id, id, id)),
    runs: each(runRow),
    jobs: each(jobRow),
    models: each(modelRow),
    tokens: new Map(
      [
        tokenRow(1, 2, 'annotator', 1, SECRETS.anna),
        tokenRow(2, 3, 'annotator', 2, SECRETS.ben),
        tokenRow(3, 1, 'owner', null, SECRETS.owner),
        tokenRow(4, 4, 'owner', 1, SECRETS.lead),
      ].map((token) => [token.id, token]),
    ),
  };
}

function projectRow(id: number): Project {
  return {
    id,
    title: `Project ${id}`,
    description: '',
    instruction: 'Read first.',
    labelConfig: CONFIG,
    settings: {
      queryStrategy: 'herding',
      seed: 1,
      overlap: 1,
      blindShare: 0.1,
      leaseSeconds: 600,
      retrainEvery: 20,
      retrainEveryVerified: 0,
      retrainEveryHours: 0,
      retrainOnDrift: true,
      embedder: 'lexical',
      pinnedVersion: null,
    },
    ordinals: 1,
    createdAt: AT,
    updatedAt: AT,
    archivedAt: null,
  };
}

export function taskRow(id: number, projectId: number): Task {
  const data = { text: `text of ${id}` };
  return { id, projectId, ordinal: id - 1, data, meta: {}, createdAt: AT, updatedAt: AT };
}

export function annotationRow(id: number, projectId: number, taskId: number, annotatorId: number): Annotation {
  return {
    id,
    projectId,
    taskId,
    annotatorId,
    result: [{ from_name: 'kind', to_name: 'text', type: 'choices', value: { choices: ['spam'] } }],
    skipped: false,
    groundTruth: false,
    visibleMs: 1500,
    via: 'key',
    parentPrediction: null,
    outcome: 'unaided',
    difference: {},
    blind: false,
    blindResult: null,
    note: '',
    submissionId: `key-${id}`,
    runId: null,
    createdAt: AT,
    updatedAt: AT,
  };
}

function predictionRow(id: number, projectId: number, taskId: number): Prediction {
  return { id, projectId, taskId, labelerId: 9, runId: null, result: [], score: 0.8, createdAt: AT };
}

function runRow(id: number): Run {
  return {
    id,
    projectId: id,
    kind: 'import',
    labelerId: null,
    summary: 'Imported 1 task.',
    params: {},
    state: 'done',
    written: 1,
    createdAt: AT,
    finishedAt: AT,
    revokedAt: null,
  };
}

export function jobRow(id: number): Job {
  return {
    id,
    projectId: id,
    kind: 'prelabel',
    params: { secret: 'params' },
    state: 'running',
    stage: 'embedding',
    done: 1,
    total: 10,
    failed: 0,
    attempts: 1,
    cancelRequested: false,
    pauseRequested: false,
    rate: 4,
    error: null,
    output: null,
    revision: id,
    createdAt: AT,
    updatedAt: AT,
  };
}

function modelRow(id: number): ModelVersion {
  return {
    id,
    projectId: id,
    control: 'kind',
    version: 'abcdef012345',
    number: 1,
    embedder: 'lexical',
    trainedOn: 50,
    metrics: { accuracy: 0.9 },
    head: new Uint8Array([1, 2, 3]),
    active: true,
    verdict: 'The first one.',
    createdAt: AT,
  };
}

function tokenRow(id: number, annotatorId: number, role: Token['role'], projectId: number | null, secret: string) {
  return { id, annotatorId, role, projectId, label: NAMES[annotatorId] ?? '', createdAt: AT, revokedAt: null, secret };
}
