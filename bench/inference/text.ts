/** Texts: what the whole job costs over the bare loop, and what planning by length saves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { NOBODY } from '../../src/backends/observer.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { openBulk } from '../../test/helpers/bulk-job.ts';
import type { Report } from '../inference.suite.ts';
import { compare, here, hereAnd } from './cpu.ts';
import { makeTexts } from './encoder.ts';
import { openRaw } from './raw.ts';

const CALL_TOKENS = 1_024;
const ARRIVAL_BATCH = 32;

export async function reportTexts(
  report: Report,
  entry: ModelEntry,
  options: { runs: number; texts: number },
): Promise<void> {
  const texts = makeTexts(options.texts, 'bulk');
  const dim = (entry.outputs.embedding as { dim: number }).dim;
  const raw = await openRaw(entry, dim);
  const work = { padded: 0, useful: 0 };
  const observer = {
    ...NOBODY,
    done: ({ work: batch }: { work: { padded: number; useful: number } | undefined }) => {
      work.padded += batch?.padded ?? 0;
      work.useful += batch?.useful ?? 0;
    },
  };
  const pool = createInferencePool({ hostsMax: 1, models: [entry], observer });
  const folder = mkdtempSync(join(tmpdir(), 'headstart-bench-'));
  const bulk = await openBulk(folder, pool);
  try {
    // The host starts, loads and measures its call size before the clock runs.
    await bulk.embed(await bulk.project(texts), entry.name);
    const projects: number[] = [];
    for (let i = 0; i <= options.runs; i++) projects.push(await bulk.project(texts));
    const hosts = (): number[] => pool.status().hosts.map((host) => host.pid);
    const ours = hereAnd(hosts, () => bulk.embed(projects.pop()!, entry.name));
    const { baselineMs, oursMs, ...ratio } = await compare(
      options.runs,
      here(() => raw.sorted(texts, CALL_TOKENS)),
      ours,
    );
    report({
      figure: 'bulk_text_vs_raw',
      ...ratio,
      unit: 'x',
      baseline: 'processor time of a loop of session.run over the same texts sorted by length, tokenising included',
      n: texts.length,
      extra: { raw_ms_per_text: baselineMs / texts.length, job_ms_per_text: oursMs / texts.length },
    });
    report({
      figure: 'padding_waste',
      value: work.padded / work.useful,
      runs: 1,
      unit: 'x',
      baseline: 'tokens of the texts without padding, as the hosts of the job counted them',
      n: texts.length,
    });
  } finally {
    await bulk.close();
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  }
  await reportSorted(report, raw, texts, options.runs);
}

async function reportSorted(
  report: Report,
  raw: Awaited<ReturnType<typeof openRaw>>,
  texts: readonly string[],
  runs: number,
): Promise<void> {
  const { baselineMs, oursMs, ...ratio } = await compare(
    runs,
    here(() => raw.inArrivalOrder(texts, ARRIVAL_BATCH)),
    here(() => raw.sorted(texts, CALL_TOKENS)),
  );
  report({
    figure: 'sorted_vs_arrival',
    ...ratio,
    unit: 'x',
    baseline: `processor time of ${ARRIVAL_BATCH} texts a call as they come, padded to the longest of the call`,
    n: texts.length,
    extra: { arrival_ms_per_text: baselineMs / texts.length, sorted_ms_per_text: oursMs / texts.length },
  });
}
