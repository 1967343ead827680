/** What `remote.json` says of a model that runs elsewhere, and how items become requests and replies become outputs. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { InferenceItem, OutputSpec } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import { readStudioReply } from './remote-studio.ts';
import type { BatchOutput, BatchTensor } from './runtime.ts';

export const REMOTE_FILE = 'remote.json';

export interface RemoteModel {
  readonly url: string;
  /** Label Studio's ML backends, or any JSON. */
  readonly protocol: 'label-studio' | 'json';
  /** Sent with every request; what opens the other server is never shown or logged. */
  readonly headers: Readonly<Record<string, string>>;
  /** For one request, the reply included. */
  readonly timeoutMs: number;
  /** `label-studio`: the data field that the tasks carry the item in, and the config that is sent along. */
  readonly field: string;
  readonly labelConfig: string;
  /** `json`: the body, in which "$items" stands for the list of items and "$item" for the only one. */
  readonly request: Json;
  /** `json`: where each output lies in the reply, such as `data.*.embedding`; `*` stands for each item in turn. */
  readonly answer: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 60_000;
const TIMEOUT_MS_MAX = 600_000;
const ITEMS_MAX = 32;

/** Throws BACKEND_LOAD naming the field that does not fit. */
export function readRemoteModel(json: Json): RemoteModel {
  if (!isJsonObject(json)) throw misfit('the file', 'a JSON object');
  const { url, protocol = 'json', headers = {}, timeoutMs = TIMEOUT_MS, request = { inputs: '$items' } } = json;
  const { answer = {}, field = 'text', labelConfig = '' } = json;
  if (typeof url !== 'string' || !URL.canParse(url)) throw misfit('url', 'an address');
  if (protocol !== 'label-studio' && protocol !== 'json') throw misfit('protocol', '`label-studio` or `json`');
  if (!isTexts(headers)) throw misfit('headers', 'an object of texts');
  if (!isTexts(answer)) throw misfit('answer', 'an object of paths, one for each output');
  if (typeof field !== 'string') throw misfit('field', 'the name of a data field');
  if (typeof labelConfig !== 'string') throw misfit('labelConfig', 'a label config');
  if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw misfit('timeoutMs', `a number up to ${TIMEOUT_MS_MAX}`);
  }
  return { url, protocol, headers, timeoutMs, field, labelConfig, request, answer };
}

/** The manifest entry that `remote.json` describes. Throws BACKEND_LOAD. */
export function remoteEntry(json: Json, given: Pick<ModelEntry, 'name' | 'license' | 'source' | 'files'>): ModelEntry {
  const { protocol, answer } = readRemoteModel(json);
  const {
    input = 'text',
    kind = `${String(input)}-classification`,
    outputs,
    labels = [],
    batch = {},
  } = json as JsonObject;
  if (input !== 'text' && input !== 'image' && input !== 'audio') throw misfit('input', '`text`, `image` or `audio`');
  if (typeof kind !== 'string') throw misfit('kind', 'a text such as `classification`');
  if (!Array.isArray(labels) || !labels.every((one) => typeof one === 'string'))
    throw misfit('labels', 'a list of texts');
  const specs = readOutputs(outputs);
  const { probabilities } = specs;
  if (probabilities && 'dim' in probabilities && labels.length > 0 && labels.length !== probabilities.dim) {
    throw misfit('labels', `as many names as \`outputs.probabilities\` has numbers, ${probabilities.dim}`);
  }
  if (protocol === 'json') {
    for (const name of Object.keys(specs)) if (!(name in answer)) throw misfit(`answer.${name}`, 'a path in the reply');
  }
  const itemsMax = isJsonObject(batch) ? (batch.itemsMax ?? ITEMS_MAX) : ITEMS_MAX;
  if (typeof itemsMax !== 'number' || !Number.isInteger(itemsMax) || itemsMax < 1) {
    throw misfit('batch.itemsMax', 'a whole number from 1');
  }
  return {
    ...given,
    ...{ kind, input, runtime: 'remote', outputs: specs, labels: labels as string[] },
    processing: { revision: 1 },
    batch: { costMax: Number.MAX_SAFE_INTEGER, itemsMax },
  };
}

function readOutputs(outputs: Json | undefined): Readonly<Record<string, OutputSpec>> {
  const what = 'an object such as {"probabilities": {"dim": 3}}';
  if (!isJsonObject(outputs) || Object.keys(outputs).length === 0) throw misfit('outputs', what);
  for (const spec of Object.values(outputs)) {
    const dense = isJsonObject(spec) && Number.isInteger(spec.dim) && Number(spec.dim) > 0;
    const ragged =
      isJsonObject(spec) &&
      Array.isArray(spec.fields) &&
      spec.fields.length > 0 &&
      spec.fields.every((one) => typeof one === 'string');
    if (!dense && !ragged) throw misfit('outputs', what);
  }
  return outputs as unknown as Readonly<Record<string, OutputSpec>>;
}

/** The body of one request. */
export function requestFor(remote: RemoteModel, items: readonly InferenceItem[]): Json {
  if (remote.protocol === 'json') {
    const all = items.map((item) => ('text' in item ? item.text : base64(item.bytes)));
    return fill(remote.request, all);
  }
  const data = (item: InferenceItem): string =>
    'text' in item ? item.text : `data:application/octet-stream;base64,${base64(item.bytes)}`;
  const tasks = items.map((item, i) => ({ id: i + 1, data: { [remote.field]: data(item) } }));
  return { tasks, label_config: remote.labelConfig, params: {} };
}

function fill(template: Json, items: readonly string[]): Json {
  if (template === '$items') return [...items];
  if (template === '$item') return items[0] ?? '';
  if (Array.isArray(template)) return template.map((one) => fill(one, items));
  if (!isJsonObject(template)) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, items)]));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Throws BACKEND_BAD_OUTPUT when the reply is not what was described, or not for as many items as were sent. */
export function outputsOf(entry: ModelEntry, remote: RemoteModel, reply: Json, itemCount: number): BatchOutput {
  if (remote.protocol === 'label-studio') return readStudioReply(entry, reply, itemCount);
  const outputs = Object.entries(entry.outputs).map(([name, spec]) => {
    const values = at(reply, remote.answer[name]!, itemCount);
    return [
      name,
      'dim' in spec ? dense(name, spec.dim, values, entry.labels ?? []) : ragged(name, spec.fields, values),
    ];
  });
  return { outputs: Object.fromEntries(outputs) as Record<string, BatchTensor>, failed: [] };
}

/** One value per item. A path without `*` leads to the list itself, or to the answer for a single item. */
function at(reply: Json, path: string, itemCount: number): readonly Json[] {
  const steps = path.split('.').filter((step) => step !== '');
  const star = steps.indexOf('*');
  const before = star < 0 ? steps : steps.slice(0, star);
  const found = walk(reply, before);
  if (star < 0 && itemCount === 1) return [found];
  if (!Array.isArray(found) || found.length !== itemCount) {
    const count = Array.isArray(found) ? found.length : 'no list of';
    throw new AppError('BACKEND_BAD_OUTPUT', `The reply has ${count} answers at '${path}' for ${itemCount} items.`, {
      details: { path },
    });
  }
  return star < 0 ? found : found.map((one) => walk(one, steps.slice(star + 1)));
}

function walk(value: Json, steps: readonly string[]): Json {
  return steps.reduce<Json>((inner, step) => {
    if (Array.isArray(inner)) return inner[Number(step)] ?? null;
    return isJsonObject(inner) && Object.hasOwn(inner, step) ? inner[step]! : null;
  }, value);
}

function dense(name: string, dim: number, values: readonly Json[], labels: readonly string[]): BatchTensor {
  const data = new Float32Array(values.length * dim);
  values.forEach((value, i) => {
    if (isNumbers(value) && value.length === dim) data.set(value, i * dim);
    // As classifiers on the web answer: a list of labels with scores, in any order.
    else if (isScores(value)) for (const { label, score } of value) set(data, i * dim, labels.indexOf(label), score);
    else throw badValue(name, `${dim} numbers, or labels with scores`);
  });
  return { data };
}

function set(data: Float32Array, from: number, index: number, score: number): void {
  if (index >= 0) data[from + index] = score;
}

function ragged(name: string, fields: readonly string[], values: readonly Json[]): BatchTensor {
  const records = values.map((value) => {
    if (!Array.isArray(value)) throw badValue(name, 'a list of records');
    return value.map((record) => {
      const row = isJsonObject(record) ? fields.map((field) => record[field] ?? null) : record;
      if (!isNumbers(row) || row.length !== fields.length) throw badValue(name, `records of ${fields.join(', ')}`);
      return row;
    });
  });
  const counts = Uint32Array.from(records, (one) => one.length);
  return { data: Float32Array.from(records.flat(2)), counts };
}

function isNumbers(value: Json): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

function isScores(value: Json): value is { label: string; score: number }[] {
  return (
    Array.isArray(value) &&
    value.every((one) => isJsonObject(one) && typeof one.label === 'string' && typeof one.score === 'number')
  );
}

function isTexts(value: Json): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((one) => typeof one === 'string');
}

function badValue(name: string, expected: string): AppError {
  return new AppError('BACKEND_BAD_OUTPUT', `The reply holds something else than ${expected} for '${name}'.`, {
    details: { output: name },
  });
}

function misfit(field: string, expected: string): AppError {
  return new AppError('BACKEND_LOAD', `${REMOTE_FILE}: ${field} must be ${expected}.`, { details: { field } });
}
