/** Label Studio JSON and JSONL: full tasks with annotations and predictions, or bare objects. */
import { AppError } from '../core/errors.ts';
import { type Json, parseJson } from '../core/json.ts';
import type { Bytes, ExportRows, Format, ImportedRow, ImportedTask, ReadOptions } from './format.ts';
import { type JsonElement, jsonElements } from './json-elements.ts';
import { fromWireTask, toWireTask } from './labelstudio.ts';
import { tryRow } from './rows.ts';
import { decodeText, linesOf } from './text.ts';

export const json: Format = {
  name: 'json',
  holds: 'everything',
  title: 'Label Studio JSON: a list of tasks with annotations and predictions, or of bare objects',
  extensions: ['json'],
  mediaTypes: ['application/json'],
  read: (bytes, options) => readElements(jsonElements(decodeText(bytes)), options, fromWireTask),
  write: writeJson,
};

export const jsonl: Format = {
  name: 'jsonl',
  holds: 'everything',
  title: 'JSON lines: one task or bare object per line',
  extensions: ['jsonl', 'ndjson'],
  mediaTypes: ['application/jsonl', 'application/x-ndjson', 'application/x-jsonlines'],
  read: (bytes, options) => readJsonLines(bytes, options, fromWireTask),
  write: writeJsonl,
};

async function* lineElements(bytes: Bytes): AsyncGenerator<JsonElement> {
  for await (const { line, text } of linesOf(decodeText(bytes))) {
    if (text.trim() !== '') yield { text, line, column: 1 };
  }
}

/** One value per line that is not blank; `toTask` may throw RowFault. */
export function readJsonLines(
  bytes: Bytes,
  options: ReadOptions | undefined,
  toTask: (value: Json) => ImportedTask,
): AsyncGenerator<ImportedRow> {
  return readElements(lineElements(bytes), options, toTask);
}

async function* readElements(
  elements: AsyncIterable<JsonElement>,
  options: ReadOptions = {},
  toTask: (value: Json) => ImportedTask,
): AsyncGenerator<ImportedRow> {
  let row = 0;
  for await (const element of elements) {
    row += 1;
    const place = { row, line: element.line };
    const task = tryRow(place, options, () => toTask(parseElement(element, row)));
    if (task !== null) yield { row, task };
  }
  if (row === 0) throw new AppError('INPUT_EMPTY', 'The file is an empty list.');
}

/** Places in errors are those of the file, not of the row. */
function parseElement(element: JsonElement, row: number) {
  try {
    return parseJson(element.text);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'INPUT_BAD_JSON') throw error;
    const { line, column } = error.details as { line: number; column: number };
    const place = {
      row,
      line: element.line + line - 1,
      column: line === 1 ? element.column + column - 1 : column,
    };
    const message = `Row ${row} is not valid JSON at line ${place.line}, column ${place.column}.`;
    throw new AppError('INPUT_BAD_JSON', message, { details: place, cause: error });
  }
}

async function* writeJson(rows: ExportRows): AsyncGenerator<string> {
  yield* jsonList(rows(), (row) => toWireTask(row));
}

async function* writeJsonl(rows: ExportRows): AsyncGenerator<string> {
  for await (const row of rows()) yield `${JSON.stringify(toWireTask(row))}\n`;
}

/** A JSON list with one element per line. */
export async function* jsonList<T>(
  items: AsyncIterable<T> | Iterable<T>,
  toJson: (item: T) => unknown,
): AsyncGenerator<string> {
  let before = '[\n';
  for await (const item of items) {
    yield before + JSON.stringify(toJson(item));
    before = ',\n';
  }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}
