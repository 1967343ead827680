/** Spoken digits as rows of the descriptor that needs no model; four voices, fifty recordings of each digit by each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { AUDIO_DESCRIPTOR_DIM, DESCRIPTOR_RATE, describeSound } from '../../src/backends/audio-descriptor.ts';
import { modelVersion } from '../../src/backends/manifest.ts';
import { builtinModels } from '../../src/backends/registry.ts';
import { decodeSound } from '../../src/backends/sound-decode.ts';
import { cachedRows } from '../learning/row-cache.ts';
import { DATA } from '../learning/sets.ts';
import type { RowSet } from './clothing.ts';

const FOLDER = join(DATA, 'audio/fsdd');
const DIGITS = 10;

/** undefined where the data are not on this machine. */
export async function fsdd(): Promise<RowSet | undefined> {
  if (!existsSync(FOLDER)) return undefined;
  const clips = parse(readFileSync(join(FOLDER, 'index.csv')), { columns: true }) as { file: string; digit: string }[];
  const descriptor = builtinModels().find((one) => one.name === 'audio-descriptor')!;
  const rows = await cachedRows('fsdd', modelVersion(descriptor), () => described(clips.map((clip) => clip.file)));
  const labels = Int32Array.from(clips, (clip) => Number(clip.digit));
  return { name: 'fsdd', classCount: DIGITS, dim: AUDIO_DESCRIPTOR_DIM, rows, labels };
}

async function described(files: readonly string[]): Promise<Float32Array> {
  const rows = new Float32Array(files.length * AUDIO_DESCRIPTOR_DIM);
  for (const [i, file] of files.entries()) {
    const { samples } = await decodeSound(readFileSync(join(FOLDER, file)), DESCRIPTOR_RATE);
    rows.set(describeSound(samples), i * AUDIO_DESCRIPTOR_DIM);
  }
  return rows;
}
