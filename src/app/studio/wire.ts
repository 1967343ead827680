/** Label Studio's words for tasks and annotations, as they come in by `predict`, by webhook and by its API. */
import { isJsonObject, isTooDeep, type Json, type JsonObject, stableHash } from '../../core/json.ts';
import type { ImportedAnnotation } from '../../formats/format.ts';
import { fromWireAnnotation } from '../../formats/labelstudio.ts';
import type { LabelConfig } from '../../labelconfig/index.ts';

export interface GivenTask {
  /** Null for a task that is not stored over there. */
  readonly studioId: number | null;
  readonly data: JsonObject;
}

/** What Label Studio calls the only column of a file without names. */
const UNDEFINED = '$undefined$';

/** Null for what is no task, or nested too deeply to be walked over. `orderFields`: what we wrote ourselves. */
export function readTask(value: unknown, config: LabelConfig, orderFields: ReadonlySet<string>): GivenTask | null {
  if (!isJsonObject(value) || !isJsonObject(value.data) || isTooDeep(value.data)) return null;
  return { studioId: idOf(value.id), data: cleanData(value.data, config, orderFields) };
}

/** Without the fields that we write ourselves, and under the name that the config shows. */
function cleanData(data: JsonObject, config: LabelConfig, orderFields: ReadonlySet<string>): JsonObject {
  const odd = Object.keys(data).some((key) => key === UNDEFINED || orderFields.has(key));
  if (!odd) return data;
  const field = config.objects.find((object) => object.field !== null)?.field ?? UNDEFINED;
  return Object.fromEntries(
    Object.entries(data)
      .filter(([key]) => !orderFields.has(key))
      .map(([key, held]) => [key === UNDEFINED ? field : key, held]),
  );
}

export function dataHash(data: JsonObject): string {
  return stableHash(data).slice(0, 32);
}

export interface GivenAnnotation {
  readonly studioId: number;
  /** Of the task over there. */
  readonly studioTask: number | null;
  /** Its `unique_id`; null where the server does not tell it. */
  readonly key: string | null;
  readonly changedAt: string;
  readonly answer: ImportedAnnotation;
  /** Who gave it, as a labeler of ours. */
  readonly annotator: string;
  /** The prediction that was on the screen; null when there was none. */
  readonly shown: readonly JsonObject[] | null;
}

/** Labelers who are users over there: this and their number. */
export const STUDIO_USER = 'label-studio-user-';

/** Null for what is no annotation. Throws RowFault for one that cannot be read. */
export function readAnnotation(value: unknown): GivenAnnotation | null {
  if (!isJsonObject(value)) return null;
  const studioId = idOf(value.id);
  if (studioId === null) return null;
  const by = isJsonObject(value.completed_by) ? value.completed_by.id : value.completed_by;
  const shown = isJsonObject(value.prediction) ? value.prediction.result : undefined;
  return {
    studioId,
    studioTask: idOf(isJsonObject(value.task) ? value.task.id : value.task),
    key: typeof value.unique_id === 'string' ? value.unique_id : null,
    changedAt: timeOf(value.updated_at) ?? timeOf(value.created_at) ?? '',
    answer: fromWireAnnotation(value),
    annotator: `${STUDIO_USER}${typeof by === 'number' || typeof by === 'string' ? by : 'unknown'}`,
    shown: Array.isArray(shown) ? shown.filter(isJsonObject) : null,
  };
}

export function idOf(value: Json | undefined): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** `62053.1712586036` and 62053 alike. */
export function projectNumber(value: Json | undefined): number | null {
  const text = isJsonObject(value) ? value.id : value;
  const number = typeof text === 'string' ? Number(text.split('.')[0]) : Math.floor(Number(text ?? Number.NaN));
  return idOf(number);
}

/** One or many, as a list. */
export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** UTC, so that times compare as texts. */
function timeOf(value: Json | undefined): string | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
