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
    baseline: `processor time at the best of all call sizes, as a sweep over real input finds it, both measured again in turn; worst of ${shares.length} models`,
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
  const sizes = calls.choices.filter((one) => one <= sizeMax);
  const sweep = await leastMs(model, items, sizes, runs);
  const best = sizes.reduce((a, b) => (sweep.get(b)! < sweep.get(a)! ? b : a));
  // The least of many noisy figures flatters whoever has it: the two are measured again, against each other.
  const duel = await leastMs(model, items, [size, best], 2 * runs);
  model.release();
  return { name: entry.name, share: duel.get(best)! / duel.get(size)!, size, best };
}

/** Least processor time of each call size over rounds in turn, every other one backwards; the first warms up. */
async function leastMs(
  { run, calls }: LoadedModel,
  items: readonly InferenceItem[],
  sizes: readonly number[],
  runs: number,
): Promise<ReadonlyMap<number, number>> {
  const least = new Map<number, number>();
  for (let round = 0; round <= runs; round++) {
    for (const size of round % 2 === 0 ? sizes : sizes.toReversed()) {
      calls!.use(size);
      const start = ownCpuMs();
      await run(items);
      const ms = ownCpuMs() - start;
      if (round > 0) least.set(size, Math.min(least.get(size) ?? ms, ms));
    }
  }
  return least;
}

function somePhotos(folder: string, count: number): InferenceItem[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(jpe?g|png)$/i.test(name),
  );
  return files.slice(0, count).map((name) => ({ bytes: readFileSync(join(folder, name)) }));
}
