/** A stand-in for the server with the same wire shapes: enough to look at every page with chosen data. */
import { readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { PAGE_POLICY } from '../../src/server/headers.ts';

const dist = join(import.meta.dirname, '../../dist/web');
const TYPES: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

interface FakeTask {
  readonly id: number;
  readonly text: string;
  readonly label: string;
}

export interface FakeOptions {
  readonly title?: string;
  readonly labels: readonly string[];
  readonly tasks: readonly { readonly text: string; readonly label: string }[];
  readonly multiple?: boolean;
  readonly port?: number;
}

const now = (): string => new Date().toISOString();

/** Everything in memory; `stop` and `start` on the same object keep it, as a restarted server keeps its data folder. */
export class FakeServer {
  readonly #options: FakeOptions;
  readonly tasks: FakeTask[];
  readonly annotations = new Map<number, Record<string, unknown> & { id: number; task: number; unique_id: string }>();
  readonly leases = new Map<number, string>();
  readonly events = new Set<ServerResponse>();
  #server: Server | null = null;
  #nextId = 1;
  port = 0;
  version = 3;

  constructor(options: FakeOptions) {
    this.#options = options;
    this.tasks = options.tasks.map((task, i) => ({ id: i + 1, ...task }));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const stream of this.events) stream.destroy();
    this.events.clear();
    server?.closeAllConnections();
    await new Promise((done) => server?.close(done) ?? done(null));
  }

  send(job: Record<string, unknown>): void {
    const data = {
      project: 1,
      attempts: 1,
      cancel_requested: false,
      error: null,
      failed: 0,
      created_at: now(),
      updated_at: now(),
      ...job,
    };
    for (const stream of this.events) stream.write(`id: ${Date.now()}\nevent: job\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://x');
    if (!url.pathname.startsWith('/api/')) return this.#static(url.pathname, response);
    if (url.pathname === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n');
      this.events.add(response);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const text = Buffer.concat(parts).toString();
    const who = request.headers.authorization ?? 'owner';
    const answer = this.#answer(request.method ?? 'GET', url, text, who);
    if (answer === undefined) response.writeHead(204).end();
    else {
      const [status, body] = answer;
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    }
  }

  #answer(method: string, url: URL, text: string, who: string): [number, unknown] | undefined {
    const path = url.pathname;
    const body = (): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;
    if (path === '/api/current-user/whoami') return [200, this.#me(who)];
    if (path === '/api/projects') return [200, { count: 1, next: null, previous: null, results: [this.#project()] }];
    if (path === '/api/projects/1') return [200, this.#project()];
    if (path === '/api/projects/validate') return this.#validate(String(body().label_config));
    if (path === '/api/projects/1/next') return this.#next(url, who);
    if (path === '/api/projects/1/recent') return [200, [...this.annotations.values()].reverse().slice(0, 10)];
    if (path === '/api/projects/1/queue/state') return [200, this.#state()];
    if (path === '/api/projects/1/queue')
      return [200, this.tasks.slice(0, 30).map((task, i) => ({ task: wire(task), reason: this.#reason(task, i) }))];
    if (path === '/api/projects/1/runs') return [200, RUNS];
    if (path === '/api/projects/1/models') return [200, this.#models()];
    if (path === '/api/projects/1/models/compare') {
      return [
        200,
        { total: 1000, flipped: this.tasks.slice(0, 43).map((task) => ({ task: task.id, from: 'ham', to: 'spam' })) },
      ];
    }
    if (/\/models\/\d+\/activate$/.test(path)) {
      this.version = Number(path.split('/').at(-2));
      return [200, this.#models()[0]];
    }
    if (path === '/api/projects/1/insights') return [200, INSIGHTS];
    if (path === '/api/projects/1/annotators') return [200, ANNOTATORS];
    if (path === '/api/tokens') {
      return method === 'GET' ? [200, TOKENS] : [201, { ...TOKENS[0], secret: 'hs_0123456789abcdef' }];
    }
    if (path === '/api/invites/accept') return [201, { id: 9, secret: 'hs_anna', name: body().name, project: 1 }];
    if (path === '/api/jobs') return [200, JOBS];
    const task = /^\/api\/tasks\/(\d+)/.exec(path);
    if (task !== null) return this.#task(this.tasks[Number(task[1]) - 1]!, path, method, text);
    const annotation = /^\/api\/annotations\/(\d+)$/.exec(path);
    if (annotation !== null) return this.#change(Number(annotation[1]), method, text, who);
    return [404, { code: 'NOT_FOUND', detail: `The fake has no ${method} ${path}`, details: {} }];
  }

  #task(task: FakeTask, path: string, method: string, text: string): [number, unknown] {
    if (path.endsWith('/similar')) {
      const others = this.tasks.filter((one) => one.label === task.label && one.id !== task.id).slice(0, 6);
      return [
        200,
        others.map((one, i) => ({
          task: wire(one),
          similarity: 0.91 - i * 0.06,
          label: i % 3 === 2 ? null : one.label,
        })),
      ];
    }
    if (path.endsWith('/votes')) {
      return [
        200,
        [
          {
            labeler: 'model:head@3f2a91c04b7e',
            kind: 'model',
            run: 2,
            control: 'label',
            label: task.label,
            score: 0.93,
          },
        ],
      ];
    }
    if (path.endsWith('/annotations') && method === 'POST') {
      const body = JSON.parse(text) as Record<string, unknown> & { unique_id: string };
      const known = [...this.annotations.values()].find((one) => one.unique_id === body.unique_id);
      if (known !== undefined) return [200, known];
      const id = this.#nextId++;
      const row = { ...body, id, task: task.id, updated_at: now() };
      this.annotations.set(id, row);
      this.leases.delete(task.id);
      return [201, row];
    }
    return [200, wire(task)];
  }

  #change(id: number, method: string, text: string, who: string): [number, unknown] | undefined {
    const row = this.annotations.get(id);
    if (row === undefined) return [404, { code: 'NOT_FOUND', detail: 'gone', details: {} }];
    if (method === 'DELETE') {
      this.annotations.delete(id);
      this.leases.set(row.task, who);
      return undefined;
    }
    const changed = { ...row, ...(JSON.parse(text) as object) };
    this.annotations.set(id, changed);
    return [200, changed];
  }

  #next(url: URL, who: string): [number, unknown] | undefined {
    const exclude = new Set((url.searchParams.get('exclude') ?? '').split(',').map(Number));
    const done = new Set([...this.annotations.values()].map((one) => one.task));
    const free = this.tasks.filter(({ id }) => !done.has(id) && !exclude.has(id));
    const task = free.find(({ id }) => this.leases.get(id) === who) ?? free.find(({ id }) => !this.leases.has(id));
    if (task === undefined) return undefined;
    this.leases.set(task.id, who);
    const blind = task.id % 10 === 4;
    const { name, value } = { name: 'label', value: { choices: [task.label] } };
    const prediction = {
      id: task.id,
      task: task.id,
      project: 1,
      score: 0.93,
      model_version: 'head@3f2a',
      run: 2,
      created_at: now(),
      result: [{ from_name: name, to_name: 'text', type: 'choices', value }],
    };
    return [
      200,
      {
        ...wire(task),
        annotations: [],
        drafts: [],
        predictions: blind ? [] : [prediction],
        reason: blind ? null : this.#reason(task, task.id),
        blind,
        lease_expires_at: new Date(Date.now() + 600_000).toISOString(),
      },
    ];
  }

  #reason(task: FakeTask, rank: number): Record<string, unknown> {
    const others = this.#options.labels.filter((label) => label !== task.label);
    const rest = Object.fromEntries(others.slice(0, 6).map((label, i) => [label, 0.07 / 2 ** (i + 1)]));
    return {
      strategy: 'uncertainty-herding',
      phase: rank < 20 ? 'seed' : 'uncertainty',
      rank: rank + 1,
      score: 0.71,
      probabilities: { [task.label]: 0.93, ...rest },
      margin: 0.86,
      distance: 0.94,
      density: 0.41,
      sentence: 'The model is least sure here, and 42 similar unlabeled items would learn from it.',
    };
  }

  #state(): Record<string, unknown> {
    return {
      strategy: 'uncertainty-herding',
      embedder: 'use-lite',
      phase: 'uncertainty',
      ranked: this.tasks.length,
      tasks: this.tasks.length,
      annotations_until_retrain: 12,
      model_version: 'aa',
      model_number: this.version,
    };
  }

  #models(): Record<string, unknown>[] {
    return [1, 2, 3, 4].slice(0, Math.max(3, this.version)).map((number) => ({
      id: number,
      project: 1,
      control: 'label',
      version: `3f2a91c04b7${number}`,
      number,
      embedder: 'use-lite',
      trained_on: number * 25,
      metrics: { accuracy: 0.84 + number * 0.03 },
      active: number === this.version,
      verdict: 'Better by 1.2 points out of fold.',
      created_at: now(),
    }));
  }

  #project(): Record<string, unknown> {
    const { labels, multiple } = this.#options;
    const choices = labels
      .map((label) => `<Choice value="${label.replace(/[&<"]/g, (sign) => `&#${sign.charCodeAt(0)};`)}"/>`)
      .join('');
    const labeled = this.annotations.size;
    return {
      id: 1,
      title: this.#options.title ?? 'Mails',
      description: '',
      expert_instruction: '',
      is_archived: false,
      label_config: `<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="${multiple ? 'multiple' : 'single'}">${choices}</Choices></View>`,
      created_at: now(),
      updated_at: now(),
      task_number: this.tasks.length,
      num_tasks_with_annotations: labeled,
      finished_task_number: labeled,
      total_annotations_number: labeled,
      skipped_annotations_number: 0,
    };
  }

  #me(who: string): Record<string, unknown> {
    const owner = who === 'owner';
    return {
      id: owner ? 1 : 9,
      username: owner ? 'owner' : 'anna',
      first_name: owner ? 'owner' : 'anna',
      role: owner ? 'owner' : 'annotator',
      project: owner ? null : 1,
    };
  }

  #validate(config: string): [number, unknown] {
    if (config.includes('Choices'))
      return [200, { controls: [{ name: 'label', type: 'Choices', labels: ['spam', 'ham'] }] }];
    return [
      422,
      { code: 'LABELCONFIG_BAD_XML', detail: 'The tag <Vew> is not closed.', details: { line: 3, column: 7 } },
    ];
  }

  #static(path: string, response: ServerResponse): void {
    const file = join(dist, normalize(path));
    const found = path !== '/' && file.startsWith(dist) && statSync(file, { throwIfNoEntry: false })?.isFile();
    const type = found ? (TYPES[extname(file)] ?? 'application/octet-stream') : 'text/html';
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': PAGE_POLICY });
    response.end(readFileSync(found ? file : join(dist, 'index.html')));
  }
}

function wire(task: FakeTask): Record<string, unknown> {
  return {
    id: task.id,
    project: 1,
    inner_id: task.id,
    data: { text: task.text },
    meta: {},
    created_at: now(),
    updated_at: now(),
  };
}

const RUNS = [
  {
    id: 1,
    project: 1,
    kind: 'import',
    labeler: null,
    summary: '1,000 tasks from mails.csv',
    params: {},
    state: 'done',
    written: 1000,
    created_at: now(),
    finished_at: now(),
    revoked_at: null,
  },
  {
    id: 2,
    project: 1,
    kind: 'prelabel',
    labeler: 2,
    summary: 'Votes of head version 1',
    params: {},
    state: 'done',
    written: 1000,
    created_at: now(),
    finished_at: now(),
    revoked_at: null,
  },
  {
    id: 3,
    project: 1,
    kind: 'rules',
    labeler: 3,
    summary: 'Texts with “unsubscribe” are spam',
    params: {},
    state: 'done',
    written: 118,
    created_at: now(),
    finished_at: now(),
    revoked_at: now(),
  },
];
const JOBS = [
  {
    id: 7,
    project: 1,
    kind: 'embed',
    state: 'done',
    stage: 'embedded',
    done: 1000,
    total: 1000,
    failed: 0,
    error: null,
    attempts: 1,
    cancel_requested: false,
    revision: 9,
    created_at: now(),
    updated_at: now(),
  },
  {
    id: 8,
    project: 1,
    kind: 'train',
    state: 'failed',
    stage: 'fit',
    done: 0,
    total: 1,
    failed: 0,
    error: { code: 'BACKEND_CRASHED', detail: 'The process that ran the model died.' },
    attempts: 3,
    cancel_requested: false,
    revision: 10,
    created_at: now(),
    updated_at: now(),
  },
];
const ANNOTATORS = [
  { id: 1, name: 'owner', annotations: 214, skipped: 3, median_visible_ms: 2140 },
  { id: 9, name: 'Anna', annotations: 180, skipped: 9, median_visible_ms: 3350 },
];
const TOKENS = [
  { id: 1, annotator: 9, role: 'annotator', project: 1, label: 'Anna', created_at: now(), revoked_at: null },
];
const INSIGHTS = {
  curve: [20, 40, 60, 90, 120, 160, 200, 260].map((labels, i) => {
    const accuracy = 0.97 - 0.3 / (i + 1.4);
    const half = 0.22 / Math.sqrt(i + 1.5);
    return {
      labels,
      n: labels / 10,
      correct: 0,
      accuracy,
      low: accuracy - half,
      high: Math.min(1, accuracy + half * 0.6),
    };
  }),
  acceptance: { shown: 352, accepted: 317, rate: 0.9, low: 0.865, high: 0.929 },
  blind_accuracy: { n: 42, correct: 37, accuracy: 0.88, low: 0.75, high: 0.95 },
  time_saved: { aided_ms: 1890, blind_ms: 3200, saved: 0.41, low: 0.3, high: 0.5, n_aided: 352, n_blind: 42 },
  bias: { points: 2, low: -7.4, high: 11.6 },
};
