/** Asks an exported model without a server: texts or files in, a label with its probability out. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMBEDDER_FOLDER, EXPORT_FORMAT, HOME_FILE } from './app/library/model-export.ts';
import type { InferenceItem } from './backends/backend.ts';
import { readModelFolder } from './backends/library/folder.ts';
import type { ModelEntry } from './backends/manifest.ts';
import { createInferencePool } from './backends/pool.ts';
import { AppError } from './core/errors.ts';
import { isJsonObject, parseJson } from './core/json.ts';
import { decodeHead, predict } from './heads/index.ts';

export interface FolderPrediction {
  readonly input: string;
  /** The likeliest class, or all above one half where several may hold. */
  readonly labels: readonly string[];
  readonly probabilities: Readonly<Record<string, number>>;
}

const LIKELY = 0.5;

/** `inputs`: texts, or paths of files for models of pictures and sounds. */
export async function predictFolder(folder: string, inputs: readonly string[]): Promise<FolderPrediction[]> {
  const { classes, multiple, input, embedder, graph, entry } = readDescription(folder);
  const items: InferenceItem[] = [];
  for (const one of inputs) items.push(input === 'text' ? { text: one } : { bytes: await readFile(one) });
  const rows = graph ? await askGraph(folder, items) : await askHead(folder, embedder, entry ?? null, items);
  return inputs.map((one, i) => {
    const row = [...rows.subarray(i * classes.length, (i + 1) * classes.length)];
    const best = classes[row.indexOf(Math.max(...row))]!;
    const labels = multiple ? classes.filter((_, c) => row[c]! >= LIKELY) : [best];
    return { input: one, labels, probabilities: Object.fromEntries(classes.map((name, c) => [name, row[c]!])) };
  });
}

async function askGraph(folder: string, items: readonly InferenceItem[]): Promise<Float32Array> {
  const { entry } = await readModelFolder(folder, { name: 'exported', license: '' });
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  try {
    const { outputs, failed } = await pool.run(entry.name, items, { lane: 'bulk' });
    if (failed[0]) throw AppError.fromPlain(failed[0].error);
    return outputs.probabilities!.data;
  } finally {
    await pool.close();
  }
}

/** The same version of the embedder, or none: on other rows the head would talk nonsense. */
async function askHead(
  folder: string,
  embedder: Embedder,
  entry: Omit<ModelEntry, 'source'> | null,
  items: readonly InferenceItem[],
): Promise<Float32Array> {
  if (!entry && embedder.shipped === false) {
    throw new AppError(
      'BACKEND_LOAD',
      `The head stands on ${embedder.name}, which runs on another server; ask the project's own server instead.`,
    );
  }
  const source = { type: 'folder', path: join(folder, EMBEDDER_FOLDER) } as const;
  const pool = createInferencePool({ hostsMax: 1, ...(entry ? { models: [{ ...entry, source }] } : {}) });
  try {
    if (pool.info(embedder.name).version !== embedder.version) {
      throw new AppError(
        'BACKEND_LOAD',
        `The head stands on ${embedder.name}@${embedder.version}, this Headstart has another version of it; export the model again.`,
      );
    }
    const { rows, failed } = await pool.embed(embedder.name, items, { lane: 'bulk' });
    if (failed[0]) throw AppError.fromPlain(failed[0].error);
    return predict(decodeHead(readFileSync(join(folder, 'head.bin'))), rows);
  } finally {
    await pool.close();
  }
}

interface Embedder {
  readonly name: string;
  readonly version: string;
  readonly shipped?: boolean;
}

interface Description {
  readonly classes: readonly string[];
  readonly multiple: boolean;
  readonly input: string;
  readonly embedder: Embedder;
  readonly graph: string | null;
  /** Of the embedder in `embedder/`, which somebody added. */
  readonly entry?: Omit<ModelEntry, 'source'> | null;
}

function readDescription(folder: string): Description {
  const value = parseJson(readFileSync(join(folder, HOME_FILE), 'utf8'));
  if (isJsonObject(value) && value.format === EXPORT_FORMAT) return value as unknown as Description;
  throw new AppError('INPUT_BAD_FORMAT', `${HOME_FILE} is not that of an exported model.`);
}
