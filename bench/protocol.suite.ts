/**
 * Label Studio's ML-backend protocol: CPU time per predict against a bare HTTP server that parses the same JSON and sends
 * the same reply, and how long the calls with short limits wait while every host is at work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../src/cli/client.ts';
import { answerOf, createTextProject, settle } from '../test/helpers/project.ts';
import { makeTexts } from '../test/helpers/texts.ts';
import { type Figure, percentile, type Suite } from './harness.ts';
import { type Child, closeConnections, send, startChild } from './protocol/child.ts';

const ROUNDS = 5;
const DEADLINE_MS = 10_000;
const MANY = 5_000;

export const suite: Suite = {
  name: 'protocol',
  async run(report, options) {
    const folder = mkdtempSync(join(tmpdir(), 'headstart-protocol-'));
    const server = await startChild('server.ts', [folder]);
    const bare = await startChild('bare.ts');
    try {
      const backend = await trainedProject(server);
      for (const count of [1, 32]) report(await versusBare(server, bare, backend, count, options.quick));
      for (const figure of await whileBusy(server, backend, options.quick)) report(figure);
    } finally {
      closeConnections();
      await server.stop();
      await bare.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** A task as Label Studio sends it: all its columns, one annotation, one prediction. */
function wireTask(id: number, text: string) {
  const result = [{ id: 'a1b2c3d4e5', ...answerOf('spam'), origin: 'manual' }];
  const answer = { id, result, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', task: id };
  return {
    id,
    data: { text },
    meta: {},
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    is_labeled: true,
    overlap: 1,
    inner_id: id,
    total_annotations: 1,
    cancelled_annotations: 0,
    total_predictions: 1,
    comment_count: 0,
    unresolved_comment_count: 0,
    last_comment_updated_at: null,
    project: 5,
    updated_by: 1,
    file_upload: null,
    comment_authors: [],
    annotations: [
      { ...answer, was_cancelled: false, ground_truth: false, lead_time: 3.2, completed_by: 1, prediction: {} },
    ],
    predictions: [{ ...answer, score: 0.7, model_version: 'hs-000000000000', cluster: null, neighbors: null }],
  };
}

function predictBody(tasks: readonly object[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      tasks,
      project: '5.1767225600',
      label_config: '<View/>',
      params: { login: null, password: null, context: null },
    }),
  );
}

async function trainedProject({ url, secret }: Child): Promise<string> {
  const client = createClient(url, secret);
  const projectId = await createTextProject(client, { retrain_every: 20 });
  const params = { project_id: projectId };
  const body = { studio_project: 5, settings: { deadline_ms: DEADLINE_MS } };
  const { backend_url } = await client.call('connectionCreate', { params, body });
  const texts = makeTexts(64);
  await send(`${backend_url}/predict`, 'POST', predictBody(texts.map(({ text }, i) => wireTask(i + 1, text))));
  for (const [i, { label, text }] of texts.slice(0, 40).entries()) {
    const annotation = {
      id: i + 1,
      task: i + 1,
      result: [answerOf(label)],
      updated_at: '2026-01-01T00:00:00Z',
      completed_by: 1,
    };
    const event = { action: 'ANNOTATION_CREATED', annotation, task: { id: i + 1, data: { text } }, project: { id: 5 } };
    await send(`${backend_url}/webhook`, 'POST', JSON.stringify(event));
  }
  await client.call('train', { params });
  await settle(client, projectId);
  return backend_url;
}

/** CPU time per request, interleaved round by round; the smallest of each side is compared. */
async function versusBare(server: Child, bare: Child, backend: string, count: number, quick: boolean): Promise<Figure> {
  const texts = makeTexts(64);
  const body = predictBody(texts.slice(0, count).map(({ text }, i) => wireTask(i + 1, text)));
  const { text } = await send(`${backend}/predict`, 'POST', body);
  if (!text.includes('"choices"')) throw new Error(`nothing was predicted: ${text.slice(0, 200)}`);
  await bare.ask(text);
  const requests = Math.round((quick ? 1_500 : 6_000) / Math.sqrt(count));
  const measure = async (child: Child, url: string): Promise<number> => {
    const before = await child.cpuMs();
    for (let i = 0; i < requests; i += 4) await Promise.all([0, 1, 2, 3].map(() => send(url, 'POST', body)));
    return ((await child.cpuMs()) - before) / requests;
  };
  await measure(server, `${backend}/predict`);
  await measure(bare, bare.url);
  const pairs: [number, number][] = [];
  for (let round = 0; round < ROUNDS; round++) {
    pairs.push([await measure(server, `${backend}/predict`), await measure(bare, bare.url)]);
  }
  const [ours, theirs] = [Math.min(...pairs.map(([a]) => a)), Math.min(...pairs.map(([, b]) => b))];
  const ratios = pairs.map(([a, b]) => a / b);
  return {
    figure: `predict_${count === 1 ? '1_task' : `${count}_tasks`}_vs_bare`,
    value: ours / theirs,
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    runs: ROUNDS,
    unit: 'x',
    baseline: 'bare node:http, same JSON parsed, same reply; CPU per request',
    n: requests,
    extra: { ours_ms: ours, bare_ms: theirs, body_bytes: body.length },
  };
}

/** All hosts run the sentence encoder on very long texts, batches of seconds, while the short calls come in. */
async function whileBusy(server: Child, backend: string, quick: boolean): Promise<Figure[]> {
  const busy = { on: true };
  const atWork = Array.from({ length: BUSY_CALLS }, (_, i) => keepBusy(server, busy, i));
  await pause(WARM_UP_MS);
  const figures = await shortCalls(backend, quick);
  figures.push(await manyByDeadline(backend));
  busy.on = false;
  const batches = (await Promise.all(atWork)).flat();
  return figures.map((figure) => ({
    ...figure,
    extra: { ...figure.extra, batch_ms: percentile(batches, 0.5), batches: batches.length },
  }));
}

/** More calls than hosts, so that none has a moment of rest. */
const BUSY_CALLS = 6;
const WARM_UP_MS = 3_000;
const BUSY_TEXTS = 16;

/** Milliseconds of each call. */
async function keepBusy({ url, secret }: Child, busy: { readonly on: boolean }, seed: number): Promise<number[]> {
  const words = makeTexts(400, 100 + seed).map((one) => one.text);
  const data = Array.from({ length: BUSY_TEXTS }, (_, i) => `${i} ${words.join(' ')}`);
  const inputs = [{ name: 'text', shape: [data.length], datatype: 'BYTES', data }];
  const times: number[] = [];
  while (busy.on) {
    const started = performance.now();
    const reply = await fetch(`${url}/v2/models/use-lite/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Token ${secret}` },
      body: JSON.stringify({ inputs }),
    });
    if (!reply.ok) throw new Error(`the hosts could not be kept busy: ${await reply.text()}`);
    await reply.arrayBuffer();
    times.push(performance.now() - started);
  }
  return times;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function shortCalls(backend: string, quick: boolean): Promise<Figure[]> {
  const calls = quick ? 200 : 1_000;
  const time = async (path: string, body: (i: number) => string | undefined): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < calls; i++) {
      const text = body(i);
      const started = performance.now();
      await send(backend + path, text === undefined ? 'GET' : 'POST', text);
      times.push(performance.now() - started);
    }
    return times;
  };
  const setup = JSON.stringify({ project: '5.1767225600', extra_params: null });
  const event = (i: number) => {
    const annotation = {
      id: 1_000 + i,
      task: 1 + (i % 64),
      result: [answerOf('ham')],
      updated_at: '2026-01-02T00:00:00Z',
      completed_by: 2,
    };
    return JSON.stringify({
      action: 'ANNOTATION_CREATED',
      annotation,
      task: wireTask(1 + (i % 64), makeTexts(64)[i % 64]!.text),
      project: { id: 5 },
    });
  };
  const figures: Figure[] = [];
  const add = (name: string, times: number[]) =>
    figures.push({
      figure: name,
      value: percentile(times, 0.99),
      min: percentile(times, 0.5),
      max: Math.max(...times),
      runs: 1,
      unit: 'ms',
      baseline: 'every host busy; min is the median',
      n: calls,
    });
  add('health_p99_ms', await time('/health', () => undefined));
  add('setup_p99_ms', await time('/setup', () => setup));
  add('webhook_ack_p99_ms', await time('/webhook', event));
  return figures;
}

async function manyByDeadline(backend: string): Promise<Figure> {
  const tasks = makeTexts(MANY, 11).map(({ text }, i) => wireTask(100_000 + i, `${text} `.repeat(3)));
  const body = predictBody(tasks);
  const started = performance.now();
  const { status, text } = await send(`${backend}/predict`, 'POST', body);
  const ms = performance.now() - started;
  const { results } = JSON.parse(text) as { results: { result: unknown[] }[] };
  const ok = status === 200 && results.length === MANY && ms <= DEADLINE_MS;
  const ready = results.filter((item) => item.result.length > 0).length;
  return {
    figure: 'predict_5000_deadline_ok',
    value: ok ? 1 : 0,
    runs: 1,
    unit: '',
    baseline: `a deadline of ${DEADLINE_MS} ms, every host busy, 5,000 tasks never seen before`,
    n: MANY,
    extra: { ms, ready },
  };
}
