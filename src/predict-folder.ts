/** Asks an exported model without a server: texts or files in, a label with its probability out. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EXPORT_FORMAT, HOME_FILE } from './app/library/model-export.ts';
import type { InferenceItem } from './backends/backend.ts';
import { readModelFolder } from './backends/library/folder.ts';
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
  const { classes, multiple, input, embedder, graph } = readDescription(folder);
  const items: InferenceItem[] = [];
  for (const one of inputs) items.push(input === 'text' ? { text: one } : { bytes: await readFile(one) });
  const rows = graph ? await askGraph(folder, items) : await askHead(folder, embedder, items);
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
async function askHead(folder: string, embedder: Embedder, items: readonly InferenceItem[]): Promise<Float32Array> {
  const pool = createInferencePool({ hostsMax: 1 });
  try {
    if (pool.info(embedder.name).version !== embedder.version) {
      throw new AppError(
        'BACKEND_LOAD',
        `The head stands on ${embedder.name}@${embedder.version}; this Headstart has another version.`,
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
}

interface Description {
  readonly classes: readonly string[];
  readonly multiple: boolean;
  readonly input: string;
  readonly embedder: Embedder;
  readonly graph: string | null;
}

function readDescription(folder: string): Description {
  const value = parseJson(readFileSync(join(folder, HOME_FILE), 'utf8'));
  if (isJsonObject(value) && value.format === EXPORT_FORMAT) return value as unknown as Description;
  throw new AppError('INPUT_BAD_FORMAT', `${HOME_FILE} is not that of an exported model.`);
}
