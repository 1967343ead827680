/** Fields of a row that hold a machine's answer become its predictions: `preannotated_from_fields` of Label Studio. */
import { AppError } from '../../core/errors.ts';
import { type Json, parseJson } from '../../core/json.ts';
import type { ImportedPrediction, ImportedTask } from '../../formats/index.ts';
import { type LabelConfig, regionsFromShort } from '../../labelconfig/index.ts';

/** As predictions of files that do not say whose they are. */
const IMPORTED = { kind: 'model', name: 'imported', version: '' } as const;

/** The fields leave the data. Throws INPUT_BAD_ROW when one is missing, or is no answer in any form. */
export function preannotated(
  config: LabelConfig,
  row: number,
  task: ImportedTask,
  fields: readonly string[],
): ImportedTask {
  if (fields.length === 0) return task;
  const data: Record<string, Json> = { ...task.data };
  const predictions: ImportedPrediction[] = [];
  for (const field of fields) {
    const value = data[field];
    if (value === undefined) throw badRow(row, field, 'is missing; no prediction can be taken from it');
    delete data[field];
    // An empty cell says nothing.
    if (value === null || value === '') continue;
    const result = regionsFromShort(config, typeof value === 'string' ? written(value) : value);
    if (!result) throw badRow(row, field, 'is neither a list of regions, nor the value of one, nor a label');
    predictions.push({ labeler: IMPORTED, result, score: null, createdAt: null });
  }
  return { ...task, data, predictions: [...task.predictions, ...predictions] };
}

function badRow(row: number, field: string, reason: string): AppError {
  return new AppError('INPUT_BAD_ROW', `Row ${row}: the field "${field}" ${reason}.`, {
    details: { row, field, reason },
  });
}

/** Tables hold lists and objects as JSON. */
function written(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
