/**
 * A Label Studio for tests, scripted after both sides' code: its REST API as far as Headstart calls it, and its ML client
 * with the limits that the real one has: 1 s for health, 3 s for setup before every predict, 100 s for predict, one task
 * at a time when the reply is too short, 1 s for a webhook and no second attempt.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const STUDIO_TOKEN = 'legacy-token-of-label-studio';
/** Header, claims and signature: what a personal token looks like. */
export const PERSONAL_TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.c2lnbmF0dXJl';

export interface StandInTask {
  id: number;
  data: Record<string, unknown>;
  annotations: StandInAnnotation[];
  predictions: StandInPrediction[];
}

export interface StandInAnnotation {
  id: number;
  task: number;
  result: Record<string, unknown>[];
  was_cancelled: boolean;
  ground_truth: boolean;
  completed_by: number;
  created_at: string;
  updated_at: string;
  lead_time: number;
  prediction: Record<string, unknown>;
  unique_id?: string;
}

export interface StandInPrediction {
  task: number;
  result: unknown[];
  score: number | null;
  model_version: string | null;
}

type Json = Record<string, unknown>;

export class StandIn {
  readonly projectId = 5;
  labelConfig: string;
  readonly tasks = new Map<number, StandInTask>();
  /** Every request that came in: method and path. */
  readonly requests: string[] = [];
  /** Connections are cut as they come. */
  down = false;
  /** How many were cut so. */
  cut = 0;
  /** Cuts the next calls of this path after they have taken effect. */
  cutAfter: { path: RegExp; times: number } | null = null;
  /** Called when an annotation has come in by the API and before that is answered. */
  arrived: (() => Promise<void>) | null = null;
  /** Called when the data of a task has come in by the API. */
  changed: (() => void) | null = null;
  /** Whether annotations tell their `unique_id`, as exports do and some versions of the API do not. */
  tellsKeys = true;
  readonly users = [
    { id: 1, username: 'admin', email: 'admin@labels.example.com', first_name: '', last_name: '' },
    { id: 2, username: 'ada', email: 'ada@labels.example.com', first_name: 'Ada', last_name: 'Lovelace' },
  ];
  /** "Retrieve predictions when loading a task automatically": also for tasks that are listed, but for a review. */
  predictsListed = false;
  /** Every call is sent there. */
  redirect: string | null = null;
  /** Tasks and annotations that pages miss, as when others are deleted, or made, while somebody turns them. */
  readonly missed = new Set<number>();
  /** How many tasks it says it has, where that lags behind. */
  told: number | null = null;
  /** Tasks whose predictions and annotations it does not take. */
  readonly refused = new Set<number>();
  readonly files = new Map<string, Buffer>();
  /** What it shows for media to those whom it does not know; null: it refuses them. */
  loginPage: Buffer | null = null;
  /** Path prefix of a deployment below a sub-path, such as `/label-studio`. */
  readonly base: string;
  refreshed = 0;
  webhooksLost = 0;

  #backend = '';
  #modelVersion: string | null = null;
  #nextId = 1;
  #nextAnnotation = 1;
  #clock = Date.UTC(2026, 0, 1);
  #server!: Server;
  #accessToken = '';

  constructor(labelConfig: string, base = '') {
    this.labelConfig = labelConfig;
    this.base = base;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.base}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  add(data: Json): StandInTask {
    const task = { id: 1_000 + this.#nextId++, data, annotations: [], predictions: [] };
    this.tasks.set(task.id, task);
    return task;
  }

  // What the product does when people use it.

  /** "Connect model": health, then setup; the address is kept when both answer. */
  async connect(backend: string): Promise<string | null> {
    this.#backend = backend.replace(/\/$/, '');
    await this.#health();
    return this.#setup();
  }

  get modelVersion(): string | null {
    return this.#modelVersion;
  }

  /** "Retrieve predictions" of the selected tasks, or what happens when one is opened. Returns how many were stored. */
  async predictTasks(ids: readonly number[]): Promise<number> {
    await this.#health();
    const version = await this.#setup();
    const wanted = ids
      .map((id) => this.tasks.get(id)!)
      .filter((task) => !task.predictions.some((one) => one.model_version === version));
    if (wanted.length === 0) return 0;
    const { results } = await this.#predict(wanted);
    if (!Array.isArray(results) || results.length === 0) return 0;
    if (results.length === wanted.length) return this.#store(wanted, results);
    // A reply that is too short is asked for again one by one; any other is dropped.
    if (results.length !== 1) return 0;
    let stored = 0;
    for (const task of wanted) {
      const one = await this.#predict([task]);
      stored += this.#store([task], Array.isArray(one.results) ? one.results : []);
    }
    return stored;
  }

  async interactive(taskId: number, context: Json): Promise<Json> {
    const { results } = await this.#predict([this.tasks.get(taskId)!], context);
    if (!Array.isArray(results) || results.length === 0) throw new Error('Incorrect response from ML service');
    return results[0] as Json;
  }

  async startTraining(): Promise<string> {
    const reply = await this.#call('POST', '/webhook', { action: 'START_TRAINING', project: this.#project() }, 100_000);
    return String(reply.job);
  }

  async versions(): Promise<string[]> {
    return (await this.#call('GET', '/versions', undefined, 3_000)).versions as string[];
  }

  async jobStatus(job: string): Promise<string> {
    return String((await this.#call('POST', '/job_status', { job }, 1_000)).job_status);
  }

  async annotate(taskId: number, result: Json[], change: Partial<StandInAnnotation> = {}): Promise<StandInAnnotation> {
    const task = this.tasks.get(taskId)!;
    const now = this.#now();
    const [prediction] = task.predictions.slice(-1);
    const annotation: StandInAnnotation = {
      id: this.#nextAnnotation++,
      task: taskId,
      result,
      was_cancelled: false,
      ground_truth: false,
      completed_by: 1,
      created_at: now,
      updated_at: now,
      lead_time: 2.5,
      prediction: prediction ? { result: prediction.result, score: prediction.score } : {},
      ...change,
    };
    task.annotations.push(annotation);
    await this.webhook({
      action: 'ANNOTATION_CREATED',
      annotation: this.#told(annotation),
      task: this.wire(task),
      project: this.#project(),
    });
    return annotation;
  }

  async change(annotation: StandInAnnotation, result: Json[]): Promise<void> {
    Object.assign(annotation, { result, updated_at: this.#now() });
    const task = this.wire(this.tasks.get(annotation.task)!);
    await this.webhook({
      action: 'ANNOTATION_UPDATED',
      annotation: this.#told(annotation),
      task,
      project: this.#project(),
    });
  }

  async remove(annotation: StandInAnnotation): Promise<void> {
    const task = this.tasks.get(annotation.task)!;
    task.annotations.splice(task.annotations.indexOf(annotation), 1);
    const event = { action: 'ANNOTATIONS_DELETED', annotations: [{ id: annotation.id }], project: this.#project() };
    await this.webhook(event);
  }

  async removeTasks(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.tasks.delete(id);
    await this.webhook({ action: 'TASKS_DELETED', tasks: ids.map((id) => ({ id })), project: this.#project() });
  }

  /** Sent once, without credentials; what is not answered within a second is lost. */
  async webhook(event: Json): Promise<void> {
    if (this.#backend === '') return;
    try {
      await this.#call('POST', '/webhook', event, 1_000);
    } catch {
      this.webhooksLost += 1;
    }
  }

  wire(task: StandInTask): Json {
    return {
      id: task.id,
      data: task.data,
      meta: {},
      project: this.projectId,
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      is_labeled: task.annotations.length > 0,
      overlap: 1,
      inner_id: task.id - 1_000,
      total_annotations: task.annotations.length,
      cancelled_annotations: 0,
      total_predictions: task.predictions.length,
      comment_count: 0,
      unresolved_comment_count: 0,
      updated_by: null,
      file_upload: null,
      comment_authors: [],
      annotations: task.annotations.map((one) => this.#told(one)),
      predictions: task.predictions,
    };
  }

  // Its ML client.

  async #health(): Promise<void> {
    await this.#call('GET', '/health', undefined, 1_000);
  }

  async #setup(): Promise<string | null> {
    const reply = await this.#call(
      'POST',
      '/setup',
      {
        project: `${this.projectId}.1767225600`,
        schema: this.labelConfig,
        hostname: this.url,
        access_token: STUDIO_TOKEN,
        extra_params: null,
      },
      3_000,
    );
    this.#modelVersion = (reply.model_version as string | null) ?? null;
    return this.#modelVersion;
  }

  #predict(tasks: readonly StandInTask[], context: Json | null = null): Promise<Json> {
    const body = {
      tasks: tasks.map((task) => this.wire(task)),
      project: `${this.projectId}.1767225600`,
      label_config: this.labelConfig,
      params: { login: null, password: null, context },
    };
    return this.#call('POST', '/predict', body, 100_000);
  }

  /** As `Prediction` is made of an item: a missing result is skipped, `null` is what crashes the real one. */
  #store(tasks: readonly StandInTask[], results: readonly unknown[]): number {
    let stored = 0;
    for (const [i, item] of results.entries()) {
      if (item === null) throw new TypeError("argument of type 'NoneType' is not iterable");
      const { result, score, model_version } = item as Json;
      if (result === undefined) continue;
      if (typeof score !== 'number' || score < 0 || score > 1) throw new Error('score must be between 0 and 1');
      const task = tasks[i]!;
      task.predictions.push({
        task: task.id,
        result: result as unknown[],
        score,
        model_version: (model_version as string | undefined) ?? this.#modelVersion,
      });
      stored += 1;
    }
    return stored;
  }

  async #call(method: string, path: string, body: unknown, timeoutMs: number): Promise<Json> {
    const reply = await fetch(this.#backend + path, {
      method,
      headers: { 'content-type': 'application/json', 'user-agent': 'heartex/1.22.0' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!reply.ok) throw new Error(`${method} ${path} answered ${reply.status}: ${await reply.text()}`);
    return (await reply.json()) as Json;
  }

  #project(): Json {
    return { id: this.projectId, title: 'Mails', label_config: this.labelConfig, task_number: this.tasks.size };
  }

  #now(): string {
    this.#clock += 1_000;
    return new Date(this.#clock).toISOString();
  }

  // Its REST API.

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.down) {
      this.cut += 1;
      return void request.socket.destroy();
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://x');
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.redirect) return void response.writeHead(302, { location: this.redirect }).end();
    if (!url.pathname.startsWith(this.base)) return this.#reply(response, 404, {});
    const path = url.pathname.slice(this.base.length);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? {} : JSON.parse(text);
    if (path === '/api/tasks/' && this.predictsListed && url.searchParams.get('review') !== 'true') {
      await this.predictTasks(this.#listed(url.searchParams).map((task) => task.id));
    }
    const answer =
      (await this.#annotation(request, path, body as Partial<StandInAnnotation>)) ??
      this.#answer(request, path, url.searchParams, body);
    if (this.cutAfter && this.cutAfter.times > 0 && this.cutAfter.path.test(path)) {
      this.cutAfter.times -= 1;
      return void request.socket.destroy();
    }
    if (Buffer.isBuffer(answer.body)) return void response.writeHead(answer.status).end(answer.body);
    if (answer.location) return void response.writeHead(302, { location: answer.location }).end();
    this.#reply(response, answer.status, answer.body);
  }

  #answer(
    request: IncomingMessage,
    path: string,
    query: URLSearchParams,
    body: unknown,
  ): { status: number; body?: unknown; location?: string } {
    if (path === '/api/token/refresh/') {
      if ((body as Json).refresh !== PERSONAL_TOKEN) return { status: 401, body: { detail: 'Token is invalid' } };
      this.refreshed += 1;
      this.#accessToken = `access.${this.refreshed}.x`;
      return { status: 200, body: { access: this.#accessToken } };
    }
    if (!this.#isKnown(request.headers.authorization)) {
      const page = path.startsWith('/api/') ? null : this.loginPage;
      return page ? { status: 200, body: page } : { status: 401, body: { detail: 'Invalid token.' } };
    }
    const [, kind, id] = /^\/api\/(projects|tasks)\/(\d+)\/$/.exec(path) ?? [];
    if (kind === 'projects' && Number(id) === this.projectId) return { status: 200, body: this.#project() };
    if (path === '/api/users/') return { status: 200, body: this.users };
    if (path === '/api/tasks/') return this.#taskPage(query);
    if (kind === 'tasks') {
      const task = this.tasks.get(Number(id));
      if (!task) return { status: 404, body: { detail: 'Not found.' } };
      if (request.method === 'PATCH') {
        task.data = (body as { data: Json }).data;
        this.changed?.();
      }
      return { status: 200, body: this.#resolved(task, query) };
    }
    if (path === `/api/projects/${this.projectId}/import/predictions`) {
      const given = body as StandInPrediction[];
      // All or none.
      const odd = given.find((one) => this.refused.has(one.task) || !this.tasks.has(one.task));
      if (odd) return { status: 400, body: { validation_errors: [`Prediction of task ${odd.task} does not fit`] } };
      for (const one of given) this.tasks.get(one.task)!.predictions.push(one);
      return { status: 201, body: { created: given.length } };
    }
    if (path === '/api/predictions/') {
      return { status: 200, body: this.tasks.get(Number(query.get('task')))?.predictions ?? [] };
    }
    return this.#media(path, query);
  }

  /** The webhook is sent before the call is answered, as without a queue over there. */
  async #annotation(
    request: IncomingMessage,
    path: string,
    body: Partial<StandInAnnotation>,
  ): Promise<{ status: number; body?: unknown; location?: string } | undefined> {
    if (!this.#isKnown(request.headers.authorization)) return undefined;
    const [, taskId] = /^\/api\/tasks\/(\d+)\/annotations\/$/.exec(path) ?? [];
    const [, id] = /^\/api\/annotations\/(\d+)\/$/.exec(path) ?? [];
    const all = [...this.tasks.values()].flatMap((task) => task.annotations);
    if (taskId !== undefined) {
      const task = this.tasks.get(Number(taskId));
      if (!task) return { status: 404, body: { detail: 'Not found.' } };
      if (request.method === 'GET') return { status: 200, body: task.annotations.map((one) => this.#told(one)) };
      if (this.refused.has(task.id)) return { status: 400, body: { detail: 'It does not fit.' } };
      if (all.some((one) => one.unique_id === body.unique_id)) return { status: 409, body: { detail: 'Duplicate.' } };
      const made = await this.annotate(task.id, body.result ?? [], { prediction: {}, ...body });
      await this.arrived?.();
      return { status: 201, body: this.#told(made) };
    }
    if (id === undefined) return undefined;
    const annotation = all.find((one) => one.id === Number(id));
    if (!annotation) return { status: 404, body: { detail: 'Not found.' } };
    if (request.method === 'DELETE') {
      await this.remove(annotation);
      return { status: 204 };
    }
    if (request.method === 'PATCH') {
      Object.assign(annotation, body);
      await this.change(annotation, body.result ?? annotation.result);
    }
    return { status: 200, body: this.#told(annotation) };
  }

  #told({ unique_id, ...annotation }: StandInAnnotation): Json {
    return { ...annotation, ...(this.tellsKeys && unique_id !== undefined ? { unique_id } : {}) };
  }

  #media(path: string, query: URLSearchParams): { status: number; body?: unknown; location?: string } {
    const presign = /^\/tasks\/\d+\/(presign|resolve)\/$/.test(path);
    if (presign) {
      const encoded = query.get('fileuri') ?? '';
      // As Python reads it: not without the padding.
      const uri = encoded.length % 4 === 0 ? Buffer.from(encoded, 'base64url').toString() : encoded;
      return this.files.has(uri)
        ? { status: 302, location: `${this.base}/cloud?uri=${encodeURIComponent(uri)}` }
        : { status: 404, body: {} };
    }
    const name = {
      '/storage-data/uploaded/': query.get('filepath'),
      '/data/local-files/': query.get('d'),
      '/cloud': query.get('uri'),
    }[path];
    const file = this.files.get(name ?? path.slice(1));
    return file ? { status: 200, body: file } : { status: 404, body: { detail: 'Not found.' } };
  }

  /** A page beyond the last one is an error there. */
  #taskPage(query: URLSearchParams): { status: number; body: Json } {
    const page = Number(query.get('page'));
    const tasks = this.#listed(query)
      .map((task) => ({ ...task, annotations: task.annotations.filter((one) => !this.missed.has(one.id)) }))
      .map((task) => this.#resolved(task, query));
    if (page > 1 && tasks.length === 0) return { status: 404, body: { detail: 'Invalid page.' } };
    const total = this.told ?? this.#found(query).length;
    return { status: 200, body: { tasks, total, total_annotations: 0, total_predictions: 0 } };
  }

  #listed(query: URLSearchParams): StandInTask[] {
    const [page, size] = [Number(query.get('page')), Number(query.get('page_size'))];
    return this.#found(query).slice((page - 1) * size, page * size);
  }

  #found(query: URLSearchParams): StandInTask[] {
    const { selectedItems } = JSON.parse(query.get('query') ?? '{}') as { selectedItems?: { included: number[] } };
    return [...this.tasks.values()]
      .filter((task) => !this.missed.has(task.id))
      .filter((task) => selectedItems?.included.includes(task.id) ?? true);
  }

  /** Addresses in clouds are replaced by its own, unless told otherwise. */
  #resolved(task: StandInTask, query: URLSearchParams): Json {
    const own = (value: unknown) =>
      typeof value === 'string' && value.startsWith('s3://')
        ? `${this.base}/tasks/${task.id}/resolve/?fileuri=${Buffer.from(value).toString('base64')}`
        : value;
    const asked = query.get('resolve_uri') !== 'false';
    const data = Object.fromEntries(Object.entries(task.data).map(([key, value]) => [key, asked ? own(value) : value]));
    return { ...this.wire(task), data };
  }

  #isKnown(authorization: string | undefined): boolean {
    return (
      authorization === `Token ${STUDIO_TOKEN}` ||
      (this.#accessToken !== '' && authorization === `Bearer ${this.#accessToken}`)
    );
  }

  /** Access tokens run out. */
  expireAccess(): void {
    this.#accessToken = 'nobody';
  }

  #reply(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  }
}
