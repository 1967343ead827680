/** Labeled spans and classes of texts, the common ground of CoNLL, spaCy, doccano and Prodigy. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { type LabelConfig, namesIn, valueAt } from '../labelconfig/index.ts';
import type { ExportRow, ImportedTask } from './format.ts';
import { type Answer, importedAnnotation, type Target, targetFor } from './targets.ts';

export interface TextSpan {
  readonly id: string;
  /** UTF-16 offsets, `end` exclusive. */
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

export interface TextRelation {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

/** What an answer says of a text. */
export interface LabeledText {
  readonly text: string;
  /** By start, then end. */
  readonly spans: readonly TextSpan[];
  readonly relations: readonly TextRelation[];
  /** Labels of the text as a whole, of all classification controls. */
  readonly classes: readonly string[];
}

export function spanTarget(config: LabelConfig | undefined): Target {
  return targetFor(config, 'text', ['labels']);
}

export function classTarget(config: LabelConfig | undefined): Target {
  return targetFor(config, 'text', ['choices']);
}

/** The text of a row and what `answer` says of it; null when the task has no text. */
export function labeledText(row: ExportRow, answer: Answer, config: LabelConfig | undefined): LabeledText | null {
  const text = valueAt(row.task.data, spanTarget(config).field);
  if (typeof text !== 'string') return null;
  const spans = answer.result.flatMap((region) => spansOf(region, text));
  const ids = new Set(spans.map((span) => span.id));
  return {
    text,
    spans: spans.sort((a, b) => a.start - b.start || a.end - b.end),
    relations: answer.result.flatMap(relationsOf).filter((one) => ids.has(one.from) && ids.has(one.to)),
    classes: answer.result
      .filter((region) => region.type === 'choices')
      .flatMap((region) => namesIn(region, 'choices')),
  };
}

/** One span per label. */
function spansOf(region: Region, text: string): TextSpan[] {
  const { value } = region;
  if (region.type !== 'labels' || !isJsonObject(value)) return [];
  const { start, end } = value;
  if (typeof start !== 'number' || typeof end !== 'number' || start < 0 || end > text.length || start >= end) return [];
  return namesIn(region, 'labels').map((label) => ({ id: String(region.id ?? ''), start, end, label }));
}

function relationsOf(region: Region): TextRelation[] {
  if (region.type !== 'relation') return [];
  const labels = Array.isArray(region.labels) && region.labels.length > 0 ? region.labels : [''];
  return labels.map((label) => ({ from: String(region.from_id), to: String(region.to_id), label: String(label) }));
}

export interface ImportedTextOptions {
  readonly meta?: JsonObject;
  readonly id?: number | string | null;
  readonly skipped?: boolean;
  /** The file says that somebody has labeled it, even if nothing was found in it. */
  readonly answered?: boolean;
}

/** A task as it is imported: text, spans, relations and classes become one annotation. */
export function importedText(
  labeled: LabeledText,
  config: LabelConfig | undefined,
  more: ImportedTextOptions = {},
): ImportedTask {
  const spans = labeled.spans.map((span) => spanRegion(spanTarget(config), span, labeled.text));
  const relations = labeled.relations.map((one): Region => {
    const labels = one.label === '' ? {} : { labels: [one.label] };
    return { type: 'relation', from_id: one.from, to_id: one.to, direction: 'right', ...labels };
  });
  const result = [...spans, ...relations, ...classRegions(labeled.classes, config)];
  const answered = result.length > 0 || more.skipped !== undefined || more.answered === true;
  return {
    id: more.id ?? null,
    data: { [spanTarget(config).field]: labeled.text },
    meta: more.meta ?? {},
    annotations: answered ? [importedAnnotation(result, more.skipped === true)] : [],
    predictions: [],
  };
}

function spanRegion(target: Target, { id, start, end, label }: TextSpan, text: string): Region {
  return {
    id,
    from_name: target.fromName,
    to_name: target.toName,
    type: target.type,
    value: { start, end, text: text.slice(start, end), [target.valueKey]: [label] },
  };
}

function classRegions(classes: readonly string[], config: LabelConfig | undefined): Region[] {
  if (classes.length === 0) return [];
  const target = classTarget(config);
  return [{ from_name: target.fromName, to_name: target.toName, type: 'choices', value: { choices: [...classes] } }];
}
