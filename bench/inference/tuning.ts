/** The call size that is found in two seconds, against trying every size on real input. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tuneCalls } from '../../src/backends/autotune.ts';
import type { InferenceItem } from '../../src/backends/backend.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { builtinModels, modelFolder, readVerified } from '../../src/backends/registry.ts';
import type { LoadedModel } from '../../src/backends/runtime.ts';
import { runtimeNamed } from '../../src/backends/runtimes.ts';
import { mobileNet, sharedPath } from '../../test/backends/shared-models.ts';
import type { Report } from '../inference.suite.ts';
import { ownCpuMs } from './cpu.ts';
import { makeEncoder, makeTexts } from './encoder.ts';

export async function loadHere(entry: ModelEntry): Promise<LoadedModel> {
  const runtime = await runtimeNamed(entry.runtime, {});
  return runtime.load(entry, await readVerified(entry, modelFolder(entry)));
}

export async function reportTuning(
  report: Report,
  folder: string,
  encoder: ModelEntry,
  options: { runs: number; texts: number; photos: number },
): Promise<void> {
  const texts = makeTexts(options.texts, 'tuning').map((text) => ({ text }));
  const cases: [ModelEntry, readonly InferenceItem[]][] = [
    [encoder, texts],
    [makeEncoder(join(folder, 'small'), 'small-encoder', { layers: 2, hidden: 128 }).embedder, texts],
    [builtinModels().find(({ name }) => name === 'use-lite')!, texts],
  ];
  const photos = sharedPath('data/images/clothing-small/test');
  if (existsSync(photos)) cases.push([mobileNet(), somePhotos(photos, options.photos)]);
  const shares: { name: string; share: number; size: number; best: number }[] = [];
  for (const [entry, items] of cases) shares.push(await shareOfBest(entry, items, options.runs));
  const worst = shares.reduce((a, b) => (b.share < a.share ? b : a));
  report({
    figure: 'autotune_vs_sweep',
    value: worst.share,
    runs: options.runs,
    unit: 'x',
    baseline: `processor time at the best of all call sizes, by a sweep over real input; worst of ${shares.length} models`,
    n: texts.length,
    extra: Object.fromEntries(
      shares.flatMap(({ name, share, size, best }) => [
        [name, share],
        [`${name}_sizes`, `found ${size}, best ${best}`],
      ]),
    ),
  });
}

async function shareOfBest(entry: ModelEntry, items: readonly InferenceItem[], runs: number) {
  const model = await loadHere(entry);
  const { calls } = model;
  if (!calls) throw new Error(`${entry.name} has no call size`);
  const sizeMax = entry.batch.costMax;
  const now = (): number => performance.now();
  const { size } = await tuneCalls(calls, { sizeMax, cpuMs: ownCpuMs, now, pause: async () => undefined });
  const best = new Map<number, number>();
  for (let round = 0; round <= runs; round++) {
    for (const choice of calls.choices.filter((one) => one <= sizeMax)) {
      calls.use(choice);
      const start = ownCpuMs();
      await model.run(items);
      const ms = ownCpuMs() - start;
      // The first round warms up.
      if (round > 0) best.set(choice, Math.min(best.get(choice) ?? ms, ms));
    }
  }
  model.release();
  const [bestSize, bestMs] = [...best].reduce((a, b) => (b[1] < a[1] ? b : a));
  return { name: entry.name, share: bestMs / best.get(size)!, size, best: bestSize };
}

function somePhotos(folder: string, count: number): InferenceItem[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(jpe?g|png)$/i.test(name),
  );
  return files.slice(0, count).map((name) => ({ bytes: readFileSync(join(folder, name)) }));
}
