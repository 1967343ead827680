/** A labeled file as texts and classes: what a simulation replays. */
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { hashUnit } from '../../core/random.ts';
import { type Bytes, formatNamed, sniffFormat } from '../../formats/index.ts';

export interface LabeledFile {
  readonly texts: readonly string[];
  /** Sorted by name. */
  readonly classes: readonly string[];
  /** (texts) index into the classes. */
  readonly labels: Int32Array;
  readonly leftOut: LeftOut;
}

/** Rows that take no part, by reason. */
export interface LeftOut {
  readonly empty: number;
  /** The same text again: in the pool and in the test part it would make every figure too good. */
  readonly repeated: number;
  /** Beyond what is embedded; chosen by a hash of the text. */
  readonly surplus: number;
}

export interface Columns {
  readonly text: string;
  readonly label: string;
}

/** Embedding more takes minutes and sharpens no curve: 4,000 to ask about and 2,000 to measure on. */
export const SIMULATED_ITEMS_MAX = 6_000;
/** With fewer there is nothing to measure on. */
const ITEMS_MIN = 40;

/**
 * Reads any importable format by its name. Throws INPUT_BAD_FIELD for a column that is not there or holds no classes,
 * INPUT_EMPTY for fewer than 40 usable rows, and what the reader throws.
 */
export async function readLabeledFile(name: string, bytes: Bytes, columns: Columns): Promise<LabeledFile> {
  const labelOf = new Map<string, string>();
  let [rows, empty] = [0, 0];
  for await (const { task } of formatNamed(sniffFormat(name, new Uint8Array()) ?? 'csv', 'read').read(bytes)) {
    if (rows++ === 0) for (const column of [columns.text, columns.label]) checkColumn(task.data, column);
    const [text, label] = [textOf(task.data[columns.text]), textOf(task.data[columns.label])];
    if (text === '' || label === '') empty++;
    else if (!labelOf.has(text)) labelOf.set(text, label);
  }
  const chosen = [...labelOf].sort(byHash).slice(0, SIMULATED_ITEMS_MAX);
  const classes = [...new Set(chosen.map(([, label]) => label))].sort();
  check(chosen.length, classes.length, columns.label);
  return {
    texts: chosen.map(([text]) => text),
    classes,
    labels: Int32Array.from(chosen, ([, label]) => classes.indexOf(label)),
    leftOut: { empty, repeated: rows - empty - labelOf.size, surplus: labelOf.size - chosen.length },
  };
}

/** An order that depends on the texts alone, so that a re-sorted file gives the same simulation. */
function byHash([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return hashUnit('simulation', a) - hashUnit('simulation', b) || (a < b ? -1 : 1);
}

function checkColumn(data: JsonObject, column: string): void {
  if (Object.hasOwn(data, column)) return;
  const there = Object.keys(data);
  throw new AppError('INPUT_BAD_FIELD', `The file has no column '${column}'; it has: ${there.join(', ')}.`, {
    details: { column, there },
  });
}

function check(items: number, classes: number, column: string): void {
  if (items < ITEMS_MIN) {
    throw new AppError(
      'INPUT_EMPTY',
      `${items} different texts with a label are too few to simulate on; it takes ${ITEMS_MIN}.`,
    );
  }
  if (classes >= 2 && classes <= items / 2) return;
  throw new AppError(
    'INPUT_BAD_FIELD',
    `Column '${column}' holds ${classes} different values in ${items} rows; that is no set of labels.`,
    { details: { column, classes, items } },
  );
}

function textOf(value: Json | undefined): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value.trim() : JSON.stringify(value);
}
