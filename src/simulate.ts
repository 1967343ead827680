/** Embeds a labeled file, each text once per embedder version, and replays it: behind `headstart simulate`. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Columns, type LabeledFile, readLabeledFile } from './app/learning/labeled-file.ts';
import {
  checkPlan,
  type EmbeddedFile,
  type SimulationPlan,
  type SimulationReport,
  simulate,
} from './app/learning/simulate.ts';
import type { InferencePool } from './backends/backend.ts';
import { createInferencePool } from './backends/pool.ts';
import { AppError } from './core/errors.ts';

export interface SimulationRequest extends SimulationPlan, Columns {
  readonly path: string;
  readonly embedder: string;
  /** Data folder; embeddings are kept below it. */
  readonly folder: string;
  readonly hosts: number;
  onProgress(stage: 'embedding' | 'replaying', done: number, total: number): void;
}

const CHUNK = 256;

export async function simulateFile(request: SimulationRequest): Promise<SimulationReport> {
  const { strategies, seeds, batch, budget } = request;
  const plan = checkPlan({ strategies, seeds, batch, budget });
  const name = basename(request.path);
  const file = await readLabeledFile(name, await open(request.path), request);
  const embedded = await embed(name, file, request);
  return simulate(embedded, plan, (done, total) => request.onProgress('replaying', done, total));
}

/** The file's bytes; a file that is not there is said so before anything starts. */
async function open(path: string): Promise<AsyncIterable<Uint8Array>> {
  const stream = createReadStream(path);
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', (cause) =>
      reject(new AppError('NOT_FOUND', `The file '${path}' cannot be read.`, { cause, details: { path } })),
    );
  });
  return stream;
}

async function embed(name: string, file: LabeledFile, request: SimulationRequest): Promise<EmbeddedFile> {
  const pool = createInferencePool({ hostsMax: request.hosts });
  try {
    const { id, dim } = pool.info(request.embedder);
    const cache = join(request.folder, 'simulations', `${hashOf(id, file.texts)}.f32`);
    let rows = await cached(cache, file.texts.length * dim);
    if (rows === null) {
      rows = await embedAll(pool, file.texts, request);
      await keep(cache, rows);
    }
    return { ...file, name, embedder: id, dim, rows, failed: zeroRows(rows, dim) };
  } finally {
    await pool.close();
  }
}

/** (texts x dim); a text that fails stays a row of zeros. */
async function embedAll(
  pool: InferencePool,
  texts: readonly string[],
  { embedder, onProgress }: SimulationRequest,
): Promise<Float32Array> {
  const { dim } = pool.info(embedder);
  const rows = new Float32Array(texts.length * dim);
  for (let from = 0; from < texts.length; from += CHUNK) {
    onProgress('embedding', from, texts.length);
    const items = texts.slice(from, from + CHUNK).map((text) => ({ text }));
    rows.set((await pool.embed(embedder, items, { lane: 'bulk' })).rows, from * dim);
  }
  onProgress('embedding', texts.length, texts.length);
  return rows;
}

/** A model version and the texts in their order name the rows. */
function hashOf(modelId: string, texts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify([modelId, texts.length]));
  for (const text of texts) hash.update(`${text.length}:`).update(text);
  return hash.digest('hex').slice(0, 32);
}

async function cached(path: string, length: number): Promise<Float32Array | null> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null || bytes.byteLength !== 4 * length) return null;
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Whole or not at all: a run that is stopped leaves no half a matrix. */
async function keep(path: string, rows: Float32Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  const half = `${path}.${process.pid}.part`;
  await writeFile(half, rows);
  await rename(half, path);
}

function zeroRows(rows: Float32Array, dim: number): number[] {
  const indices = Array.from({ length: rows.length / dim }, (_, i) => i);
  return indices.filter((i) => rows.subarray(i * dim, (i + 1) * dim).every((value) => value === 0));
}
