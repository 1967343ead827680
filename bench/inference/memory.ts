/** Resident memory of a host against its cap, while somebody sends it the worst they have. */
import { existsSync } from 'node:fs';
import sharp from 'sharp';
import type { InferenceItem } from '../../src/backends/backend.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { builtinModels } from '../../src/backends/registry.ts';
import { mobileNet, sharedPath } from '../../test/backends/shared-models.ts';
import type { Report } from '../inference.suite.ts';
import { residentBytes } from './cpu.ts';
import { makeTexts } from './encoder.ts';

/** The standard cap: none of the models here is large enough for a higher one. */
const CAP_BYTES = 512_000_000;
const LOOK_MS = 5;

export async function reportMemoryCap(report: Report, encoder: ModelEntry, side: number): Promise<void> {
  const photos = existsSync(sharedPath('models'))
    ? mobileNet()
    : builtinModels().find(({ name }) => name === 'image-descriptor')!;
  const pool = createInferencePool({ hostsMax: 1, models: [encoder, photos] });
  let peak = 0;
  const look = setInterval(() => {
    for (const { pid } of pool.status().hosts) {
      try {
        peak = Math.max(peak, residentBytes(pid));
      } catch {
        // It ended between the two lines.
      }
    }
  }, LOOK_MS);
  const long = 'endless '.repeat(100_000);
  const texts = [...makeTexts(64, 'sizes'), ...Array.from({ length: 64 }, () => long)].map((text) => ({ text }));
  const pictures = await hugePictures(side);
  const started = performance.now();
  const answers = await Promise.all([
    pool.run(encoder.name, texts, { lane: 'bulk' }),
    pool.run(photos.name, [...pictures, ...pictures, ...pictures, ...pictures], { lane: 'bulk' }),
  ]);
  clearInterval(look);
  const { restarts } = pool.status();
  await pool.close();
  report({
    figure: 'rss_over_cap',
    value: peak / CAP_BYTES,
    runs: 1,
    unit: 'x',
    baseline: `cap of a host; texts of 800,000 characters and pictures of ${(side * side) / 1e6} megapixels, some on their side`,
    n: texts.length + 4 * pictures.length,
    extra: {
      peak_mb: peak / 1e6,
      failed: answers.reduce((sum, { failed }) => sum + failed.length, 0),
      restarts,
      seconds: (performance.now() - started) / 1_000,
    },
  });
}

/** As many pixels as are taken at all; turning one upright needs all of them at once. */
async function hugePictures(side: number): Promise<InferenceItem[]> {
  const plain = (background: string) => sharp({ create: { width: side, height: side, channels: 3, background } });
  const files = await Promise.all([
    plain('#345').png({ compressionLevel: 1 }).toBuffer(),
    plain('#543').jpeg({ progressive: true }).toBuffer(),
    plain('#435').withMetadata({ orientation: 6 }).jpeg().toBuffer(),
    plain('#354').withMetadata({ orientation: 8 }).png({ compressionLevel: 1 }).toBuffer(),
  ]);
  return files.map((bytes) => ({ bytes }));
}
