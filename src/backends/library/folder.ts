/** A folder with a model in it -> a manifest entry: what the files are, and what follows from them. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import { sha256Of } from '../file-hash.ts';
import type { GoldenAnswer, ModelEntry } from '../manifest.ts';
import { readSignature } from '../onnx-signature.ts';
import { promptInputs } from '../prompt-signature.ts';
import { REMOTE_FILE, remoteEntry } from '../remote-model.ts';
import { readModelJson } from '../tfjs-files.ts';
import { readTfjsSignature } from '../tfjs-signature.ts';
import { type Guess, type GuessInput, guessModel, type Preprocessing } from './guess.ts';
import { guessPrompted, type SignedFile } from './guess-prompted.ts';

export interface FolderModel {
  readonly entry: ModelEntry;
  readonly assumed: readonly string[];
}

/** What may lie in a model's folder; everything else is not read and not kept. */
const KNOWN = {
  model: /\.onnx$/i,
  labels: /(^|[_-])(labels|classes)\.txt$/i,
  tokenizer: /^tokenizer\.json$/,
  config: /^config\.json$/,
  preprocessing: /^preprocessor_config\.json$/,
  settings: /^headstart\.json$/,
  remote: /^remote\.json$/,
  tfjs: /^model\.json$/,
  shard: /^[\w-]*shard\d+of\d+(\.bin)?$|\.bin$/i,
} as const;

/** May a file of this name belong to a model? Names are plain: no path, no leading dot. */
export function isModelFile(name: string): boolean {
  return isPlainName(name) && Object.values(KNOWN).some((pattern) => pattern.test(name));
}

export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) && !name.includes('..');
}

/** Every file is hashed as it is read; the hashes in the entry are those of the bytes that were looked at. */
export async function readModelFolder(
  folder: string,
  given: { readonly name: string; readonly license: string },
): Promise<FolderModel> {
  const files = await readFiles(folder);
  const remote = only(files, KNOWN.remote, REMOTE_FILE);
  if (remote) {
    const source = { type: 'folder', path: folder } as const;
    const about = { name: given.name, license: given.license || 'unknown', source };
    const description = parseJson(remote.bytes.toString('utf8'));
    return { entry: remoteEntry(description, { ...about, files: { [remote.name]: remote.sha256 } }), assumed: [] };
  }
  const tfjs = only(files, KNOWN.tfjs, 'model.json');
  const pair = tfjs ? null : encoderAndDecoder(files);
  const model = tfjs ?? pair?.[0]?.file ?? only(files, KNOWN.model, 'an .onnx file')!;
  const text = (pattern: RegExp, what: string): string | null => {
    const found = only(files, pattern, what);
    return found?.bytes.toString('utf8') ?? null;
  };
  const json = (pattern: RegExp, what: string): JsonObject => {
    const content = text(pattern, what);
    const value: Json = content === null ? {} : parseJson(content);
    if (isJsonObject(value)) return value;
    throw new AppError('BACKEND_LOAD', `${what} holds no JSON object.`);
  };
  const settings = json(KNOWN.settings, 'headstart.json');
  const config = json(KNOWN.config, 'config.json');
  const lines = text(KNOWN.labels, 'a file of labels');
  const tokenizer = only(files, KNOWN.tokenizer, 'tokenizer.json');
  const preprocessing = readPreprocessing(json(KNOWN.preprocessing, 'preprocessor_config.json'));
  const signature = tfjs ? tfjsSignature(tfjs) : readSignature(model.bytes);
  const prompted = tfjs ? null : guessPrompted(pair ?? [{ name: model.name, signature }], preprocessing);
  const read: GuessInput = {
    signature,
    file: model.name,
    labels: lines === null ? labelsOfConfig(config) : readLabels(lines),
    tokenizer: tokenizer?.name ?? null,
    preprocessing,
  };
  const guess = prompted ?? (tfjs ? guessTfjs(read) : guessModel(read));
  const shards = tfjs ? files.filter(({ name }) => KNOWN.shard.test(name)) : [];
  const { assumed, ...guessed } = guess;
  const golden = readGolden(settings.golden, files);
  const entry: ModelEntry = {
    ...guessed,
    name: given.name,
    license: given.license || (typeof settings.license === 'string' ? settings.license : 'unknown'),
    source: { type: 'folder', path: folder },
    files: Object.fromEntries(
      [model, pair?.[1]?.file ?? null, tokenizer, ...shards]
        .filter((one) => one !== null)
        .map(({ name, sha256 }) => [name, sha256]),
    ),
    processing: { ...guessed.processing, ...(isJsonObject(settings.processing) ? settings.processing : {}) },
    ...(golden.length > 0 ? { golden } : {}),
  };
  return { entry, assumed };
}

/** Two graphs of which one takes clicks and the other looks at pictures; null for anything else. */
function encoderAndDecoder(files: readonly ReadFile[]): readonly (SignedFile & { readonly file: ReadFile })[] | null {
  const models = files.filter(({ name }) => KNOWN.model.test(name));
  if (models.length !== 2) return null;
  const pair = models.map((file) => ({ file, name: file.name, signature: readSignature(file.bytes) }));
  return pair.some(({ signature }) => promptInputs(signature) !== null) ? pair : null;
}

function tfjsSignature({ name, bytes }: ReadFile): ReturnType<typeof readTfjsSignature> {
  return readTfjsSignature(readModelJson(new Map([[name, new Uint8Array(bytes)]]), name));
}

/** Pictures with their colours last, and from 0 to 1 unless somebody wrote down something else. */
function guessTfjs(given: GuessInput): Guess {
  const { mean } = given.preprocessing;
  const preprocessing = mean ? given.preprocessing : { ...given.preprocessing, ...FROM_0_TO_1 };
  const guess = guessModel({ ...given, preprocessing });
  return {
    ...guess,
    runtime: 'tfjs-image',
    processing: { ...guess.processing, layout: 'pixels' },
    assumed: [...guess.assumed, ...(mean ? [] : ['colours from 0 to 1'])],
  };
}

const FROM_0_TO_1 = { mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255] };

interface ReadFile {
  readonly name: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

async function readFiles(folder: string): Promise<ReadFile[]> {
  const files: ReadFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const file = join(folder, name);
    // A link would be read here and checked elsewhere.
    if (!isPlainName(name) || !(await lstat(file)).isFile()) continue;
    const bytes = await readFile(file);
    files.push({ name, bytes, sha256: await sha256Of(bytes) });
  }
  return files;
}

/** Throws BACKEND_LOAD when there are several, or none of what must be there. */
function only(files: readonly ReadFile[], pattern: RegExp, what: string): ReadFile | null {
  const fits = files.filter(({ name }) => pattern.test(name));
  if (fits.length > 1) {
    const names = fits.map(({ name }) => name).join(', ');
    throw new AppError('BACKEND_LOAD', `There must be one file only that is ${what}, not ${names}.`);
  }
  if (fits.length === 0 && pattern === KNOWN.model) {
    throw new AppError('BACKEND_LOAD', `There is no model: ${what} is missing.`);
  }
  return fits[0] ?? null;
}

/** One name a line, in the order of the classes. Empty lines at the end do not count. */
export function readLabels(text: string): string[] {
  const labels = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim());
  while (labels.at(-1) === '') labels.pop();
  if (labels.length === 0 || labels.length > LIMITS.modelLabelsMax) {
    throw new AppError('LIMIT_SIZE', `A file of labels holds 1 to ${LIMITS.modelLabelsMax} names, one a line.`);
  }
  return labels;
}

/** `id2label` of a Hugging Face config. */
function labelsOfConfig({ id2label }: JsonObject): readonly string[] | null {
  if (!isJsonObject(id2label)) return null;
  const names = Object.keys(id2label).map((_, i) => id2label[i]);
  return names.every((name) => typeof name === 'string') ? names : null;
}

/** `image_mean`, `image_std`, `rescale_factor`, `size`, `sampling_rate`, `do_normalize` of a Hugging Face preprocessor. */
function readPreprocessing(config: JsonObject): Preprocessing {
  const { image_mean: mean, image_std: spread, size, sampling_rate: sampleRate, do_normalize: normalise } = config;
  const factor = typeof config.rescale_factor === 'number' ? config.rescale_factor : 1 / 255;
  const side = isJsonObject(size)
    ? [size.width ?? size.shortest_edge, size.height ?? size.shortest_edge]
    : [size, size];
  const [width, height] = side;
  return {
    ...(isNumbers(mean) && isNumbers(spread)
      ? { mean: mean.map((value) => value / factor), scale: spread.map((value) => factor / value) }
      : {}),
    ...(typeof width === 'number' && typeof height === 'number' ? { size: { width, height } } : {}),
    ...(typeof sampleRate === 'number' ? { sampleRate } : {}),
    ...(typeof normalise === 'boolean' ? { normalise } : {}),
  };
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 3 && value.every((one) => typeof one === 'number');
}

const TOLERANCE_DEFAULT = 0.01;

/** `golden: [{ "text" | "file", "outputs": { "probabilities": { "3": 0.98 } }, "tolerance": 0.01 }]` of headstart.json. */
function readGolden(value: Json | undefined, files: readonly ReadFile[]): GoldenAnswer[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badGolden('it is a list');
  return (value as readonly Json[]).map((one) => {
    if (!isJsonObject(one) || !isJsonObject(one.outputs)) throw badGolden('each names its `outputs`');
    const { text, file, outputs, tolerance = TOLERANCE_DEFAULT } = one;
    const found = files.find(({ name }) => name === file);
    if (typeof text !== 'string' && !found) throw badGolden('each has a `text` or a `file` of the folder');
    if (typeof tolerance !== 'number') throw badGolden('`tolerance` is a number');
    return {
      input: typeof text === 'string' ? { text } : { file: found!.name, sha256: found!.sha256 },
      outputs: outputs as unknown as GoldenAnswer['outputs'],
      tolerance,
    };
  });
}

function badGolden(why: string): AppError {
  return new AppError('BACKEND_LOAD', `\`golden\` of headstart.json does not fit: ${why}.`);
}
