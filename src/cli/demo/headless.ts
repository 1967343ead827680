/** The demo without people: the gold labels answer through the real API, policy against random, pair by pair. */
import { AppError } from '../../core/errors.ts';
import { type Control, choicesOfResult, parseLabelConfig, regionFromChoice } from '../../labelconfig/index.ts';
import type { Client } from '../client.ts';
import { watchJobs } from '../progress.ts';
import type { Mail } from './mails.ts';

export interface HeadlessReport {
  readonly tasks: number;
  readonly embedded: number;
  readonly predictions: number;
  readonly labels: number;
  readonly policy_accuracy: number;
  readonly random_accuracy: number;
  readonly wins: number;
  readonly seeds: number;
  readonly rerank_ms_p50: number;
  readonly rerank_ms_p95: number;
  readonly exported: number;
  readonly seconds: number;
}

interface Trial {
  /** On every mail that was not labeled, 0..100. */
  readonly accuracy: number;
  readonly predictions: number;
  readonly rerankMs: readonly number[];
  readonly exported: number;
}

export async function runHeadless(
  client: Client,
  projectId: number,
  mails: readonly Mail[],
  { labels, seeds, startedAt }: { labels: number; seeds: number; startedAt: number },
): Promise<HeadlessReport> {
  const state = await client.call('queueState', { params: { project_id: projectId } });
  const pairs: { policy: Trial; random: Trial }[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    const policy = await trial(client, projectId, mails, { seed, labels, strategy: state.strategy });
    const random = await trial(client, projectId, mails, { seed, labels, strategy: 'random' });
    pairs.push({ policy, random });
    process.stderr.write(`seed ${seed}: policy ${policy.accuracy.toFixed(1)}, random ${random.accuracy.toFixed(1)}\n`);
  }
  const rerankMs = pairs.flatMap(({ policy }) => policy.rerankMs).sort((a, b) => a - b);
  return {
    tasks: state.tasks,
    embedded: state.ranked,
    predictions: pairs[0]?.policy.predictions ?? 0,
    labels,
    policy_accuracy: round(mean(pairs.map(({ policy }) => policy.accuracy))),
    random_accuracy: round(mean(pairs.map(({ random }) => random.accuracy))),
    wins: pairs.filter(({ policy, random }) => policy.accuracy > random.accuracy).length,
    seeds,
    rerank_ms_p50: round(rerankMs[Math.floor(0.5 * rerankMs.length)] ?? 0),
    rerank_ms_p95: round(rerankMs[Math.floor(0.95 * rerankMs.length)] ?? 0),
    exported: pairs[0]?.policy.exported ?? 0,
    seconds: round((Date.now() - startedAt) / 1000),
  };
}

/** One copy of the project, labeled from nothing with this strategy, then asked about the rest. */
async function trial(
  client: Client,
  source: number,
  mails: readonly Mail[],
  { seed, labels, strategy }: { seed: number; labels: number; strategy: string },
): Promise<Trial> {
  const copy = await client.call('projectDuplicate', {
    params: { project_id: source },
    body: { title: `${strategy}, seed ${seed}`, settings: { seed, query_strategy: strategy } },
  });
  const params = { project_id: copy.id };
  const control = parseLabelConfig(copy.label_config).controls[0]!;
  const labeled = new Set<number>();
  while (labeled.size < labels) labeled.add(await answerNext(client, copy.id, control, mails));
  const { rerank_ms: rerankMs } = await client.call('queueTimings', { params });
  await client.call('train', { params });
  await watchJobs(client, copy.id);
  const exported = await textOf(await client.download('projectExport', { params, query: { exportType: 'JSON' } }));
  const rows = JSON.parse(exported) as unknown[];
  const verdict = await score(client, copy.id, control, mails, labeled);
  await client.call('projectDelete', { params });
  return { ...verdict, rerankMs, exported: rows.length };
}

/** Leases the next mail, answers it with its gold label, and returns the task. */
async function answerNext(
  client: Client,
  projectId: number,
  control: Control,
  mails: readonly Mail[],
): Promise<number> {
  const item = await client.call('queueNext', { params: { project_id: projectId }, query: { empty: '204' } });
  if (item === null) throw new AppError('INPUT_BAD_FIELD', 'There are fewer mails than labels asked for.');
  await client.call('annotationCreate', {
    params: { task_id: item.id },
    body: { result: [regionFromChoice(control, goldOf(mails, item.meta))] },
  });
  return item.id;
}

async function score(
  client: Client,
  projectId: number,
  control: Control,
  mails: readonly Mail[],
  labeled: ReadonlySet<number>,
): Promise<{ accuracy: number; predictions: number }> {
  const goldByTask = new Map<number, string>();
  const tasks = await client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: PAGE } });
  for (const task of tasks) if (!labeled.has(task.id)) goldByTask.set(task.id, goldOf(mails, task.meta));
  const predictions = await client.call('predictionList', { query: { project: projectId, page_size: PAGE } });
  const right = predictions.filter(
    (one) => goldByTask.has(one.task) && choicesOfResult(control, one.result)[0] === goldByTask.get(one.task),
  );
  return { accuracy: (100 * right.length) / goldByTask.size, predictions: predictions.length };
}

/** The mails fit into one page of a list. */
const PAGE = 1_000;

/** The import keeps the number of the mail as the source id, and the truth here. */
function goldOf(mails: readonly Mail[], meta: Readonly<Record<string, unknown>>): string {
  const mail = mails[Number(meta.sourceId) - 1];
  if (mail) return mail.gold;
  throw new AppError('NOT_FOUND', 'A task has no source mail.');
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
