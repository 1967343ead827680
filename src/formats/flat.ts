/** One flat record per answer, as in Label Studio's JSON_MIN: data fields, then the answer of each control. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { ExportRow, LabelerName } from './format.ts';
import { labelerKey } from './labelstudio.ts';

/** What is known of an answer besides the answer itself; the last columns of a flat file, in this order. */
export const ANSWER_FIELDS = [
  'id',
  'annotator',
  'annotation_id',
  'prediction_id',
  'created_at',
  'updated_at',
  'lead_time',
  'score',
  'labeler',
  'run',
] as const;

type AnswerField = (typeof ANSWER_FIELDS)[number];

export interface FlatRecord {
  readonly data: JsonObject;
  /** Control name -> its answer, short where it can be. */
  readonly answers: ReadonlyMap<string, Json>;
  readonly about: Readonly<Record<AnswerField, Json>>;
}

/** Skipped annotations are no answers. A task without an answer gives no record. */
export function flatRecords({ task, annotations, predictions }: ExportRow): FlatRecord[] {
  const blank = {
    annotator: null,
    annotation_id: null,
    prediction_id: null,
    updated_at: null,
    lead_time: null,
    score: null,
  };
  const about = (labeler: LabelerName, runId: number | null, createdAt: string) => ({
    ...blank,
    id: task.id,
    created_at: createdAt,
    labeler: labelerKey(labeler),
    run: runId,
  });
  const byPeople = annotations
    .filter((one) => !one.skipped)
    .map((one) => ({
      data: task.data,
      answers: answersOf(one.result),
      about: {
        ...about(one.labeler, one.runId, one.createdAt),
        annotator: one.annotatorId,
        annotation_id: one.id,
        updated_at: one.updatedAt,
        lead_time: one.visibleMs === null ? null : one.visibleMs / 1000,
      },
    }));
  const byMachines = predictions.map((one) => ({
    data: task.data,
    answers: answersOf(one.result),
    about: { ...about(one.labeler, one.runId, one.createdAt), prediction_id: one.id, score: one.score },
  }));
  return [...byPeople, ...byMachines];
}

/** Types whose answer is short: one entry stands for itself, several are a list. */
const SHORT: Readonly<Record<string, string>> = {
  choices: 'choices',
  textarea: 'text',
  number: 'number',
  rating: 'rating',
  datetime: 'datetime',
  pairwise: 'selected',
};

function answersOf(result: readonly Region[]): Map<string, Json> {
  const lists = new Map<string, { short: boolean; values: Json[] }>();
  for (const region of result) {
    if (typeof region.from_name !== 'string' || !isJsonObject(region.value)) continue;
    const key = SHORT[String(region.type)];
    const held = key === undefined ? undefined : region.value[key];
    // A per-region answer repeats its region's geometry and is told apart by it.
    const short = held !== undefined && Object.keys(region.value).length === 1;
    const list = lists.get(region.from_name) ?? { short, values: [] };
    list.short &&= short;
    if (short) list.values.push(...(Array.isArray(held) ? (held as readonly Json[]) : [held as Json]));
    else list.values.push(longAnswer(region));
    lists.set(region.from_name, list);
  }
  return new Map(
    [...lists].map(([name, { short, values }]) => [name, short && values.length === 1 ? values[0]! : values]),
  );
}

/** Geometry in percent means nothing without the size of the image. */
function longAnswer(region: Region): JsonObject {
  const { original_width, original_height } = region;
  return {
    ...(region.value as JsonObject),
    ...(original_width === undefined ? {} : { original_width }),
    ...(original_height === undefined ? {} : { original_height }),
  };
}

/** Names for `wanted` that are not among `taken`: `id`, else `id_1`, `id_2`... */
export function freeNames(wanted: readonly string[], taken: Iterable<string>): string[] {
  const used = new Set(taken);
  return wanted.map((name) => {
    let free = name;
    for (let n = 1; used.has(free); n++) free = `${name}_${n}`;
    used.add(free);
    return free;
  });
}
