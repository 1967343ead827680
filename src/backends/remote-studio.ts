/** Replies of Label Studio's ML backends as outputs: choices, spans and boxes as numbers, by the labels of the entry. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { ModelEntry } from './manifest.ts';
import type { BatchOutput, BatchTensor } from './runtime.ts';

/** Throws BACKEND_BAD_OUTPUT for a reply that is not of the protocol or not for as many tasks as were sent. */
export function readStudioReply(entry: ModelEntry, reply: Json, itemCount: number): BatchOutput {
  const results = isJsonObject(reply) ? reply.results : undefined;
  if (!Array.isArray(results) || results.length !== itemCount) {
    const count = Array.isArray(results) ? results.length : 'no';
    throw new AppError('BACKEND_BAD_OUTPUT', `The ML backend answered with ${count} results for ${itemCount} tasks.`);
  }
  const predictions = results.map(predictionOf);
  const labels = entry.labels ?? [];
  const outputs = Object.entries(entry.outputs).map(([name, spec]): [string, BatchTensor] => {
    if ('dim' in spec) return [name, choices(predictions, labels, spec.dim)];
    const read = spec.fields.includes('x') ? boxOf : spanOf;
    const records = predictions.map((one) => one.regions.flatMap((region) => read(region, one.score, labels) ?? []));
    const counts = Uint32Array.from(records, (one) => one.length / spec.fields.length);
    return [name, { data: Float32Array.from(records.flat()), counts }];
  });
  return { outputs: Object.fromEntries(outputs), failed: [] };
}

interface Prediction {
  readonly regions: readonly JsonObject[];
  readonly score: number;
}

/** Backends without a score say nothing of their certainty: it then counts as whole. */
const SCORE_UNSAID = 1;

/** One prediction, or a list of which the first counts; null and {} mean that there is nothing to say. */
function predictionOf(result: Json): Prediction {
  const first = Array.isArray(result) ? (result[0] ?? null) : result;
  const { result: regions = [], score = SCORE_UNSAID } = isJsonObject(first) ? first : {};
  return {
    regions: Array.isArray(regions) ? regions.filter(isJsonObject) : [],
    score: typeof score === 'number' ? score : SCORE_UNSAID,
  };
}

/** The chosen labels with their scores; the others 0. */
function choices(predictions: readonly Prediction[], labels: readonly string[], dim: number): BatchTensor {
  const data = new Float32Array(predictions.length * dim);
  predictions.forEach(({ regions, score }, i) => {
    for (const region of regions) {
      const value = isJsonObject(region.value) ? region.value : {};
      for (const chosen of Array.isArray(value.choices) ? value.choices : []) {
        const index = labels.indexOf(String(chosen));
        if (index >= 0 && index < dim) data[i * dim + index] = scoreOf(region, score);
      }
    }
  });
  return { data };
}

/** (start, end, score, label), or nothing for another region or an unknown label. */
function spanOf(region: JsonObject, score: number, labels: readonly string[]): number[] | null {
  const value = isJsonObject(region.value) ? region.value : {};
  const label = labels.indexOf(String(firstOf(value.labels)));
  const { start, end } = value;
  if (label < 0 || typeof start !== 'number' || typeof end !== 'number') return null;
  return [start, end, scoreOf(region, score), label];
}

/** (x, y, width, height, score, label) as shares of the picture; the wire has per cent. */
function boxOf(region: JsonObject, score: number, labels: readonly string[]): number[] | null {
  const value = isJsonObject(region.value) ? region.value : {};
  const label = labels.indexOf(String(firstOf(value.rectanglelabels)));
  const sides = [value.x, value.y, value.width, value.height];
  if (label < 0 || !sides.every((side) => typeof side === 'number')) return null;
  return [...sides.map((side) => Number(side) / 100), scoreOf(region, score), label];
}

function scoreOf(region: JsonObject, score: number): number {
  return typeof region.score === 'number' ? region.score : score;
}

function firstOf(list: Json | undefined): Json {
  return Array.isArray(list) ? (list[0] ?? null) : null;
}
