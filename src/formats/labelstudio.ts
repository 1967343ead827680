/** Label Studio's wire shapes (snake_case) and the way between them and ours. The only place that knows both. */
import type { LabelerKind, Region, Task } from '../core/domain.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type {
  ExportAnnotation,
  ExportPrediction,
  ExportRow,
  ImportedAnnotation,
  ImportedPrediction,
  ImportedTask,
  LabelerName,
} from './format.ts';
import { RowFault } from './rows.ts';

export interface WireTask {
  readonly id: number;
  readonly data: JsonObject;
  readonly meta: JsonObject;
  readonly created_at: string;
  readonly updated_at: string;
  readonly project: number;
  readonly inner_id: number;
  readonly is_labeled: boolean;
  readonly total_annotations: number;
  readonly cancelled_annotations: number;
  readonly total_predictions: number;
  readonly annotations: readonly WireAnnotation[];
  readonly predictions: readonly WirePrediction[];
}

export interface WireAnnotation {
  readonly id: number;
  readonly completed_by: number;
  readonly result: readonly Region[];
  readonly was_cancelled: boolean;
  readonly ground_truth: boolean;
  readonly created_at: string;
  readonly updated_at: string;
  /** Seconds. */
  readonly lead_time: number | null;
  readonly result_count: number;
  readonly unique_id: string;
  readonly parent_prediction: number | null;
  readonly task: number;
  readonly project: number;
  /** Ours: who or what set it, and the bulk act that wrote it. */
  readonly labeler: string;
  readonly run: number | null;
  readonly via: string;
  readonly outcome: string;
  readonly difference: JsonObject;
  readonly blind: boolean;
  readonly note: string;
  readonly agreement?: number | null;
}

export interface WirePrediction {
  readonly id: number | null;
  readonly result: readonly Region[];
  readonly score: number | null;
  readonly model_version: string;
  readonly created_at: string;
  readonly task: number;
  readonly project: number;
  readonly labeler: string;
  readonly run: number | null;
}

/** `model:head@3fa9c1`, `annotator:ada`. */
export function labelerKey(labeler: LabelerName): string {
  return `${labeler.kind}:${labeler.name}${labeler.version === '' ? '' : `@${labeler.version}`}`;
}

const LABELER_KINDS: readonly LabelerKind[] = ['annotator', 'model', 'rule', 'neighbour'];

/** The other way; null when the text is no labeler key. */
export function parseLabelerKey(text: string): LabelerName | null {
  const colon = text.indexOf(':');
  const kind = LABELER_KINDS.find((one) => one === text.slice(0, Math.max(0, colon)));
  if (kind === undefined || colon + 1 === text.length) return null;
  const rest = text.slice(colon + 1);
  // People's names may be e-mail addresses, and annotators have no version.
  const at = kind === 'annotator' ? -1 : rest.lastIndexOf('@');
  return at < 0 ? { kind, name: rest, version: '' } : { kind, name: rest.slice(0, at), version: rest.slice(at + 1) };
}

export function toWireTask({ task, annotations, predictions }: ExportRow): WireTask {
  const cancelled = annotations.filter((one) => one.skipped).length;
  return {
    id: task.id,
    data: task.data,
    meta: task.meta,
    created_at: task.createdAt,
    updated_at: task.updatedAt,
    project: task.projectId,
    inner_id: task.ordinal + 1,
    is_labeled: annotations.length > cancelled,
    total_annotations: annotations.length - cancelled,
    cancelled_annotations: cancelled,
    total_predictions: predictions.length,
    annotations: annotations.map(toWireAnnotation),
    predictions: predictions.map((one) => toWirePrediction(one, task)),
  };
}

export function toWireAnnotation(annotation: ExportAnnotation): WireAnnotation {
  return {
    id: annotation.id,
    completed_by: annotation.annotatorId,
    result: annotation.result,
    was_cancelled: annotation.skipped,
    ground_truth: annotation.groundTruth,
    created_at: annotation.createdAt,
    updated_at: annotation.updatedAt,
    lead_time: annotation.visibleMs === null ? null : annotation.visibleMs / 1000,
    result_count: annotation.result.length,
    unique_id: annotation.submissionId,
    parent_prediction: annotation.parentPrediction,
    task: annotation.taskId,
    project: annotation.projectId,
    labeler: labelerKey(annotation.labeler),
    run: annotation.runId,
    via: annotation.via,
    outcome: annotation.outcome,
    difference: annotation.difference,
    blind: annotation.blind,
    note: annotation.note,
    ...(annotation.agreement === undefined ? {} : { agreement: annotation.agreement }),
  };
}

export function toWirePrediction(prediction: ExportPrediction, task: Pick<Task, 'id' | 'projectId'>): WirePrediction {
  return {
    id: prediction.id,
    result: prediction.result,
    score: prediction.score,
    model_version: prediction.labeler.version || prediction.labeler.name,
    created_at: prediction.createdAt,
    task: task.id,
    project: task.projectId,
    labeler: labelerKey(prediction.labeler),
    run: prediction.runId,
  };
}

/**
 * A task in any of the accepted shapes: `{data, annotations, predictions, meta}` (older: `completions`), or a bare object,
 * which is then the data. Throws RowFault.
 */
export function fromWireTask(value: Json): ImportedTask {
  if (!isJsonObject(value)) throw new RowFault(`is ${nameOf(value)}, not an object`);
  const answers = value.annotations ?? value.completions;
  if (!isJsonObject(value.data)) {
    const carriesLabels = Array.isArray(answers) && answers.some((one) => isJsonObject(one) && 'result' in one);
    if (carriesLabels) throw new RowFault('has annotations but no "data" object');
    if (Object.keys(value).length === 0) throw new RowFault('is an empty object');
    return { id: null, data: value, meta: {}, annotations: [], predictions: [] };
  }
  const { id, meta } = value;
  return {
    id: typeof id === 'number' || typeof id === 'string' ? id : null,
    data: value.data,
    meta: isJsonObject(meta) ? meta : {},
    annotations: listOf(answers, 'annotations').map(fromWireAnnotation),
    predictions: listOf(value.predictions, 'predictions').map(fromWirePrediction),
  };
}

export function fromWireAnnotation(value: JsonObject): ImportedAnnotation {
  const seconds = value.lead_time;
  return {
    annotator: annotatorOf(value),
    result: resultOf(value, 'annotation'),
    skipped: value.was_cancelled === true || value.skipped === true,
    groundTruth: value.ground_truth === true || value.honeypot === true,
    visibleMs: typeof seconds === 'number' && seconds >= 0 ? Math.round(seconds * 1000) : null,
    note: textOf(value.note) ?? '',
    submissionId: textOf(value.unique_id),
    createdAt: timeOf(value.created_at),
  };
}

export function fromWirePrediction(value: JsonObject): ImportedPrediction {
  const version = textOf(value.model_version) ?? '';
  const labeler = parseLabelerKey(textOf(value.labeler) ?? '') ?? { kind: 'model', name: 'imported', version };
  const score = value.score;
  return {
    labeler,
    result: resultOf(value, 'prediction'),
    score: typeof score === 'number' && score >= 0 && score <= 1 ? score : null,
    createdAt: timeOf(value.created_at),
  };
}

/** `completed_by` is a number, a person, or absent; ours also says `labeler`. */
function annotatorOf(value: JsonObject): string | null {
  const labeler = parseLabelerKey(textOf(value.labeler) ?? '');
  if (labeler?.kind === 'annotator') return labeler.name;
  const by = value.completed_by;
  if (typeof by === 'number' || typeof by === 'string') return String(by);
  if (!isJsonObject(by)) return null;
  return textOf(by.email) ?? textOf(by.username) ?? (typeof by.id === 'number' ? String(by.id) : null);
}

function resultOf(value: JsonObject, what: string): readonly Region[] {
  const { result } = value;
  if (result === undefined || result === null) return [];
  if (!Array.isArray(result)) throw new RowFault(`has an ${what} whose result is ${nameOf(result)}, not a list`);
  const bad = (result as readonly Json[]).find((region) => !isJsonObject(region));
  if (bad !== undefined) throw new RowFault(`has an ${what} with a region that is ${nameOf(bad)}, not an object`);
  return result as readonly Region[];
}

function listOf(value: Json | undefined, name: string): JsonObject[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RowFault(`has "${name}" that is ${nameOf(value)}, not a list`);
  const bad = (value as readonly Json[]).find((one) => !isJsonObject(one));
  if (bad !== undefined) throw new RowFault(`has an entry of "${name}" that is ${nameOf(bad)}, not an object`);
  return value as JsonObject[];
}

function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Times are kept only where they are times: "3 hours ago" exists in the wild. */
function timeOf(value: Json | undefined): string | null {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
