/** Which answers of a task go into an export. */
import { elect } from '../../consensus/index.ts';
import { AppError } from '../../core/errors.ts';
import { type ExportAnnotation, type ExportPrediction, type ExportRow, labelerKey } from '../../formats/index.ts';
import type { ExportFilter } from './api.ts';

export interface RowFilter {
  readonly predictions: boolean;
  /** The row with what is wanted of it, or null when nothing of it is. */
  choose(row: ExportRow): ExportRow | null;
}

/** `overlap`: annotations that finish a task. Throws INPUT_BAD_FIELD for dates that are none. */
export function rowFilter(filter: ExportFilter, overlap: number): RowFilter {
  const { labels = 'annotations', labeler, modelVersion, minScore, onlyLabeled = true, onlyFinished = false } = filter;
  const tasks = filter.taskIds && new Set(filter.taskIds);
  const since = instant('since', filter.since, Number.NEGATIVE_INFINITY);
  const until = instant('until', filter.until, Number.POSITIVE_INFINITY);
  const inTime = (at: string) => Date.parse(at) >= since && Date.parse(at) < until;
  const byWanted = (one: ExportAnnotation | ExportPrediction) =>
    labeler === undefined || namesOf(one).includes(labeler);

  const isWantedAnnotation = (one: ExportAnnotation) => byWanted(one) && inTime(one.updatedAt);
  const isWantedPrediction = (one: ExportPrediction) =>
    byWanted(one) &&
    inTime(one.createdAt) &&
    (minScore === undefined || (one.score !== null && one.score >= minScore)) &&
    (modelVersion === undefined || versionsOf(one).includes(modelVersion));

  return {
    predictions: labels === 'predictions' || labels === 'both',
    choose({ task, ...row }) {
      if (tasks && !tasks.has(task.id)) return null;
      if (onlyFinished && row.annotations.filter((one) => !one.skipped).length < overlap) return null;
      const wanted = labels === 'predictions' ? [] : row.annotations.filter(isWantedAnnotation);
      const annotations = labels === 'consensus' ? consensusOf(wanted, minScore) : wanted;
      const predictions = row.predictions.filter(isWantedPrediction);
      const isLabeled = (labels === 'predictions' ? predictions : annotations).length > 0;
      return onlyLabeled && !isLabeled ? null : { task, annotations, predictions };
    },
  };
}

/** The newest ground truth, else the answer that the others agree with most; nothing below the agreement that is asked for. */
function consensusOf(annotations: readonly ExportAnnotation[], minAgreement: number | undefined): ExportAnnotation[] {
  const truth = annotations.findLast((one) => one.groundTruth && !one.skipped);
  if (truth) return [truth];
  const answers = annotations.filter((one) => !one.skipped);
  if (answers.length === 0) return [];
  const { index, agreement } = elect(answers.map((one) => one.result));
  if (minAgreement !== undefined && (agreement === null || agreement < minAgreement)) return [];
  return [{ ...answers[index]!, agreement }];
}

/** What people may call a labeler: whole (`model:head@3fa9`), without its version, by its name alone. */
function namesOf({ labeler }: ExportAnnotation | ExportPrediction): string[] {
  return [labelerKey(labeler), labelerKey({ ...labeler, version: '' }), labeler.name];
}

/** As `model_version` says it on the wire, or the version alone. */
function versionsOf({ labeler: { name, version } }: ExportPrediction): string[] {
  return version === '' ? [name] : [`${name}@${version}`, version];
}

function instant(field: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const at = Date.parse(text);
  if (Number.isFinite(at) && /^\d{4}-\d{2}-\d{2}/.test(text)) return at;
  throw new AppError('INPUT_BAD_FIELD', `"${text}" is no date; write 2025-01-31 or 2025-01-31T12:00:00Z.`, {
    details: { field },
  });
}
