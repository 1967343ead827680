/** Text sets through the sentence encoder; rows are cached under `.cache/` by set and model version. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { type ModelEntry, modelVersion } from '../../src/backends/manifest.ts';
import { builtinModels, modelFolder, readVerified } from '../../src/backends/registry.ts';
import type { LoadedModel } from '../../src/backends/runtime.ts';
import { runtimeNamed } from '../../src/backends/runtimes.ts';
import { seededRandom, shuffle } from '../../src/core/random.ts';
import { cachedRows } from './row-cache.ts';
import { DATA, type LearningSet, unit } from './sets.ts';

const ENCODER = 'use-lite';
const CHUNK = 256;
/** The reference cut its texts here. */
const CHARACTERS_MAX = 800;

interface TextSet {
  readonly name: string;
  readonly folder: string;
  /** Files whose rows may be queried, and whose rows measure; the same file twice is split. */
  readonly pool: readonly string[];
  readonly test: readonly string[];
  readonly poolSize: number;
  readonly testMax: number;
  readonly initial: number;
  readonly batch: number;
  readonly budget: number;
  readonly coldStartAt: number;
}

const SETS: readonly TextSet[] = [
  {
    name: 'youtube_spam',
    folder: 'youtube-spam',
    pool: ['train.csv'],
    test: ['valid.csv', 'test.csv'],
    poolSize: 1_586,
    testMax: 370,
    ...{ initial: 10, batch: 10, budget: 200, coldStartAt: 10 },
  },
  {
    name: 'sms_spam',
    folder: 'sms-spam',
    pool: ['collection.csv'],
    test: ['collection.csv'],
    poolSize: 4_000,
    testMax: 1_549,
    ...{ initial: 10, batch: 10, budget: 200, coldStartAt: 10 },
  },
  {
    name: 'sst2',
    folder: 'sst2',
    pool: ['train.csv'],
    test: ['test.csv'],
    poolSize: 4_000,
    testMax: 1_821,
    ...{ initial: 20, batch: 20, budget: 300, coldStartAt: 10 },
  },
  {
    name: 'ag_news',
    folder: 'ag-news',
    pool: ['dev.csv'],
    test: ['test.csv'],
    poolSize: 4_000,
    testMax: 2_000,
    ...{ initial: 20, batch: 20, budget: 300, coldStartAt: 4 },
  },
];

export const TEXT_SET_NAMES = SETS.map((set) => set.name);

/** undefined where the data are not on this machine. The first call on a machine embeds for minutes. */
export async function textSet(name: string): Promise<LearningSet | undefined> {
  const set = SETS.find((one) => one.name === name)!;
  const folder = join(DATA, 'text', set.folder);
  if (!existsSync(folder)) return undefined;
  const classes = readFileSync(join(folder, 'labels.txt'), 'utf8').trim().split('\n');
  const { texts, labels, pool } = split(set, folder, classes);
  const { rows, dim } = await embedded(set.name, texts);
  const test = [...texts.keys()].slice(pool);
  const shared = new Float32Array(new SharedArrayBuffer(rows.byteLength));
  shared.set(rows);
  return { ...set, classes, dim, rows: shared, labels, pool: [...texts.keys()].slice(0, pool), test };
}

interface TextItem {
  readonly text: string;
  readonly label: string;
}

function split(set: TextSet, folder: string, classes: readonly string[]) {
  const read = (files: readonly string[]): TextItem[] =>
    files.flatMap((file) => parse(readFileSync(join(folder, file)), { columns: true }) as TextItem[]);
  const random = seededRandom('text split', set.name);
  const shared = set.pool[0] === set.test[0];
  const first = shuffle(read(set.pool), random);
  const pool = first.slice(0, set.poolSize);
  const test = (shared ? first.slice(set.poolSize) : shuffle(read(set.test), random)).slice(0, set.testMax);
  const all = [...pool, ...test];
  return {
    texts: all.map((item) => item.text.slice(0, CHARACTERS_MAX)),
    labels: Int32Array.from(all, (item) => classes.indexOf(item.label)),
    pool: pool.length,
  };
}

async function embedded(name: string, texts: readonly string[]): Promise<{ rows: Float32Array; dim: number }> {
  const entry = encoder();
  const { dim } = entry.outputs.embedding as { dim: number };
  return { rows: await cachedRows(name, modelVersion(entry), () => encode(texts, dim)), dim };
}

function encoder(): ModelEntry {
  return builtinModels().find((one) => one.name === ENCODER)!;
}

/** (n x dim) by the sentence encoder, unit length. */
export async function encode(texts: readonly string[], dim: number): Promise<Float32Array> {
  const entry = encoder();
  const model = await (await runtimeNamed(entry.runtime, {})).load(
    entry,
    await readVerified(entry, modelFolder(entry)),
  );
  const rows = new Float32Array(texts.length * dim);
  for (let from = 0; from < texts.length; from += CHUNK)
    rows.set(await chunk(model, texts.slice(from, from + CHUNK), dim), from * dim);
  model.release();
  return rows;
}

async function chunk(model: LoadedModel, texts: readonly string[], dim: number): Promise<Float32Array> {
  const { outputs } = await model.run(texts.map((text) => ({ text })));
  const { data } = outputs.embedding!;
  const rows = new Float32Array(data.length);
  for (let i = 0; i < texts.length; i++) rows.set(unit(data.subarray(i * dim, (i + 1) * dim)), i * dim);
  return rows;
}
