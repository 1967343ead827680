/** A folder with a model in it -> a manifest entry: what the files are, and what follows from them. */
import { AppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import { sha256OfFile } from '../file-hash.ts';
import type { GoldenAnswer, ModelEntry } from '../manifest.ts';
import type { OnnxSignature } from '../onnx-signature.ts';
import { promptInputs } from '../prompt-signature.ts';
import { REMOTE_FILE, remoteEntry } from '../remote-model.ts';
import { signatureOf } from '../signature-thread.ts';
import { readModelJson } from '../tfjs-files.ts';
import { readTfjsSignature } from '../tfjs-signature.ts';
import { assertBounds } from './bounds.ts';
import { assertSize, type FolderFile, filesIn, KNOWN, only, settingsOf, textOf } from './folder-files.ts';
import { type Guess, type GuessInput, guessModel, type Preprocessing } from './guess.ts';
import { guessPrompted, type SignedFile } from './guess-prompted.ts';
import { oddLabels, readLabels } from './labels.ts';

export interface FolderModel {
  readonly entry: ModelEntry;
  readonly assumed: readonly string[];
}

/** Of all files the hashes are taken, but only those that say what the model is are in memory, one at a time. */
export async function readModelFolder(
  folder: string,
  given: { readonly name: string; readonly license: string },
): Promise<FolderModel> {
  const files = await filesIn(folder);
  const source = { type: 'folder', path: folder } as const;
  const remote = only(files, KNOWN.remote, REMOTE_FILE);
  if (remote) {
    const about = { name: given.name, license: given.license || 'unknown', source, files: await hashesOf([remote]) };
    const entry = remoteEntry(await jsonIn(remote), about);
    assertBounds(entry);
    return { entry, assumed: [] };
  }
  const tfjs = only(files, KNOWN.tfjs, 'model.json');
  const pair = tfjs ? null : await encoderAndDecoder(files);
  const model = tfjs ?? pair?.[0]?.file ?? only(files, KNOWN.model, 'an .onnx file');
  if (model === null) {
    const others = 'or model.json of TF.js, or remote.json; what lies in folders below is not looked at';
    throw new AppError('BACKEND_LOAD', `There is no model: an .onnx file is missing, ${others}.`);
  }
  const settings = await jsonOf(files, KNOWN.settings, 'headstart.json');
  const labels = only(files, KNOWN.labels, 'a file of labels');
  const tokenizer = only(files, KNOWN.tokenizer, 'tokenizer.json');
  const preprocessing = readPreprocessing(await jsonOf(files, KNOWN.preprocessing, 'preprocessor_config.json'));
  const signature = tfjs ? await tfjsSignature(tfjs) : (pair?.[0]?.signature ?? (await onnxSignature(model)));
  const prompted = tfjs ? null : guessPrompted(pair ?? [{ name: model.name, signature }], preprocessing);
  const read: GuessInput = {
    signature,
    file: model.name,
    labels: labels
      ? readLabels(labels.name, await settingsOf(labels))
      : labelsOfConfig(await jsonOf(files, KNOWN.config, 'config.json')),
    tokenizer: tokenizer?.name ?? null,
    preprocessing,
  };
  const { assumed, ...guessed } = prompted ?? (tfjs ? guessTfjs(read) : guessModel(read));
  const shards = tfjs ? files.filter(({ name }) => KNOWN.shard.test(name)) : [];
  const loaded = [model, pair?.[1]?.file ?? null, tokenizer, ...shards].filter((one) => one !== null);
  const golden = await readGolden(settings.golden, files);
  const entry: ModelEntry = {
    ...guessed,
    name: given.name,
    license: given.license || (typeof settings.license === 'string' ? settings.license : 'unknown'),
    source,
    files: await hashesOf(loaded),
    processing: { ...guessed.processing, ...(isJsonObject(settings.processing) ? settings.processing : {}) },
    ...(golden.length > 0 ? { golden } : {}),
  };
  assertBounds(entry);
  return { entry, assumed: [...assumed, ...oddLabels(entry.labels ?? [])] };
}

async function hashesOf(files: readonly FolderFile[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const { name, path } of files) hashes[name] = await sha256OfFile(path);
  return hashes;
}

/** Empty where there is no such file. */
async function jsonOf(files: readonly FolderFile[], pattern: RegExp, what: string): Promise<JsonObject> {
  const file = only(files, pattern, what);
  const value = file === null ? {} : await jsonIn(file);
  if (isJsonObject(value)) return value;
  throw new AppError('BACKEND_LOAD', `${what} holds no JSON object.`);
}

async function jsonIn(file: FolderFile): Promise<Json> {
  const text = await textOf(file);
  try {
    return parseJson(text);
  } catch (error) {
    throw error instanceof AppError ? named(file, error) : error;
  }
}

/** Two graphs of which one takes clicks and the other looks at pictures; null for anything else. */
async function encoderAndDecoder(
  files: readonly FolderFile[],
): Promise<readonly (SignedFile & { readonly file: FolderFile })[] | null> {
  const models = files.filter(({ name }) => KNOWN.model.test(name));
  if (models.length !== 2) return null;
  const pair: (SignedFile & { readonly file: FolderFile })[] = [];
  for (const file of models) pair.push({ file, name: file.name, signature: await onnxSignature(file) });
  return pair.some(({ signature }) => promptInputs(signature) !== null) ? pair : null;
}

async function onnxSignature(file: FolderFile): Promise<OnnxSignature> {
  assertSize(file);
  try {
    return await signatureOf(file.path);
  } catch (error) {
    throw error instanceof AppError ? named(file, error) : error;
  }
}

function named({ name }: FolderFile, error: AppError): AppError {
  return AppError.fromPlain({ ...error.toPlain(), message: `'${name}': ${error.message}` });
}

async function tfjsSignature(file: FolderFile): Promise<ReturnType<typeof readTfjsSignature>> {
  return readTfjsSignature(readModelJson(new Map([[file.name, await settingsOf(file)]]), file.name));
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
async function readGolden(value: Json | undefined, files: readonly FolderFile[]): Promise<GoldenAnswer[]> {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw badGolden('it is a list');
  const answers: GoldenAnswer[] = [];
  for (const one of value as readonly Json[]) {
    if (!isJsonObject(one) || !isJsonObject(one.outputs)) throw badGolden('each names its `outputs`');
    const { text, file, outputs, tolerance = TOLERANCE_DEFAULT } = one;
    const found = files.find(({ name }) => name === file);
    if (typeof text !== 'string' && !found) throw badGolden('each has a `text` or a `file` of the folder');
    if (typeof tolerance !== 'number') throw badGolden('`tolerance` is a number');
    answers.push({
      input: typeof text === 'string' ? { text } : { file: found!.name, sha256: await sha256OfFile(found!.path) },
      outputs: outputs as unknown as GoldenAnswer['outputs'],
      tolerance,
    });
  }
  return answers;
}

function badGolden(why: string): AppError {
  return new AppError('BACKEND_LOAD', `\`golden\` of headstart.json does not fit: ${why}.`);
}
