/** Asks an exported model without a server: texts or files in, a label with its probability out. */
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundedGroups } from './app/jobs/inference-items.ts';
import { EMBEDDER_FOLDER, EXPORT_FORMAT, HOME_FILE } from './app/library/model-export.ts';
import type { InferenceItem, InferencePool, InferenceResult } from './backends/backend.ts';
import { readModelFolder } from './backends/library/folder.ts';
import type { ModelEntry } from './backends/manifest.ts';
import { createInferencePool } from './backends/pool.ts';
import { AppError } from './core/errors.ts';
import { isJsonObject, parseJson } from './core/json.ts';
import { LIMITS } from './core/limits.ts';
import { decodeHead, predict } from './heads/index.ts';

export interface FolderPrediction {
  readonly input: string;
  /** The likeliest class, or all above one half where several may hold. */
  readonly labels: readonly string[];
  readonly probabilities: Readonly<Record<string, number>>;
}

const LIKELY = 0.5;

/** `inputs`: texts, or paths of files for models of pictures and sounds, of which a bounded group is in memory at a time. */
export async function predictFolder(folder: string, inputs: readonly string[]): Promise<FolderPrediction[]> {
  const description = readDescription(folder);
  const model = description.graph ? await openGraph(folder) : openHead(folder, description);
  try {
    const predictions: FolderPrediction[] = [];
    const given = givenItems(inputs, description.input);
    const itemsMax = description.input === 'text' ? LIMITS.inferenceItemsMax : undefined;
    for await (const group of boundedGroups(given, ({ item }) => item, itemsMax)) {
      const { rows, failed } = await model.ask(group.map(({ item }) => item));
      if (failed[0]) {
        const { index, error } = failed[0];
        throw AppError.fromPlain({ ...error, message: `'${group[index]!.input}': ${error.message}` });
      }
      predictions.push(...group.map(({ input }, i) => predictionOf(description, input, rows, i)));
    }
    return predictions;
  } finally {
    await model.pool.close();
  }
}

interface Given {
  readonly input: string;
  readonly item: InferenceItem;
}

async function* givenItems(inputs: readonly string[], kind: string): AsyncGenerator<Given> {
  for (const input of inputs) {
    yield { input, item: kind === 'text' ? { text: input } : { bytes: await inputFile(input, kind) } };
  }
}

/** Row `i` of (inputs x classes). */
function predictionOf({ classes, multiple }: Description, input: string, rows: Float32Array, i: number) {
  const row = [...rows.subarray(i * classes.length, (i + 1) * classes.length)];
  const best = classes[row.indexOf(Math.max(...row))]!;
  const labels = multiple ? classes.filter((_, c) => row[c]! >= LIKELY) : [best];
  return { input, labels, probabilities: Object.fromEntries(classes.map((name, c) => [name, row[c]!])) };
}

function inputFile(path: string, input: string): Promise<Buffer> {
  return readFile(path).catch(() => {
    throw new AppError(
      'NOT_FOUND',
      `The file '${path}' could not be read; this model is asked about files (${input}).`,
    );
  });
}

interface Answers extends Pick<InferenceResult, 'failed'> {
  /** (inputs x classes). */
  readonly rows: Float32Array;
}

interface OpenModel {
  readonly pool: InferencePool;
  ask(items: readonly InferenceItem[]): Promise<Answers>;
}

async function openGraph(folder: string): Promise<OpenModel> {
  const { entry } = await readModelFolder(folder, { name: 'exported', license: '' });
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  return {
    pool,
    async ask(items) {
      const { outputs, failed } = await pool.run(entry.name, items, { lane: 'bulk' });
      return { rows: outputs.probabilities!.data, failed };
    },
  };
}

/** The same version of the embedder, or none: on other rows the head would talk nonsense. */
function openHead(folder: string, { embedder, entry = null }: Description): OpenModel {
  if (!entry && embedder.shipped === false) {
    throw new AppError(
      'BACKEND_LOAD',
      `The head stands on ${embedder.name}, which runs on another server; ask the project's own server instead.`,
    );
  }
  const source = { type: 'folder', path: join(folder, EMBEDDER_FOLDER) } as const;
  const pool = createInferencePool({ hostsMax: 1, ...(entry ? { models: [{ ...entry, source }] } : {}) });
  return {
    pool,
    async ask(items) {
      if (pool.info(embedder.name).version !== embedder.version) {
        throw new AppError(
          'BACKEND_LOAD',
          `The head stands on ${embedder.name}@${embedder.version}, this Headstart has another version of it; export the model again.`,
        );
      }
      const { rows, failed } = await pool.embed(embedder.name, items, { lane: 'bulk' });
      return { rows: predict(decodeHead(readFileSync(join(folder, 'head.bin'))), rows), failed };
    },
  };
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
  const file = join(folder, HOME_FILE);
  if (!existsSync(file)) {
    throw new AppError(
      'NOT_FOUND',
      `There is no '${file}'; \`headstart models export PROJECT -o ${folder}\` makes it.`,
    );
  }
  const value = parseJson(readFileSync(file, 'utf8'));
  const isWhole =
    isJsonObject(value) &&
    value.format === EXPORT_FORMAT &&
    Array.isArray(value.classes) &&
    isJsonObject(value.embedder);
  if (isWhole) return value as unknown as Description;
  throw new AppError(
    'INPUT_BAD_FORMAT',
    `'${file}' is not that of an exported model (${EXPORT_FORMAT}); export it again.`,
  );
}
