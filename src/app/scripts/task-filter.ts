/** Filters of Label Studio's Data Manager, as far as they can be answered here; all others are refused by name. */
import type { Annotation, Prediction, Region, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { valueAt } from '../../labelconfig/index.ts';
import type { TaskFilterItem, TaskQuery } from './api.ts';

/** What the fields of a filter stand on. */
export interface FilterRow {
  readonly task: Task;
  readonly annotations: readonly Annotation[];
  /** Stored ones; empty unless `readsPredictions`. */
  readonly predictions: readonly FilterPrediction[];
  /** Annotations that finish a task. */
  readonly overlap: number;
}

export interface FilterPrediction extends Pick<Prediction, 'taskId' | 'score' | 'result'> {
  readonly modelVersion: string;
}

export type Matches = (row: FilterRow) => boolean;

/** Throws INPUT_BAD_FIELD for a field or an operator that is not answered here. */
export function matcherOf({ filters, selectedItems }: TaskQuery): Matches {
  const tests = (filters?.items ?? []).map(testOf);
  const any = filters?.conjunction === 'or' && tests.length > 0;
  const isSelected = selectionOf(selectedItems);
  return (row) => isSelected(row.task.id) && (any ? tests.some((test) => test(row)) : tests.every((test) => test(row)));
}

/** Without any selection everything is chosen. */
function selectionOf({ all = true, included = [], excluded = [] }: TaskQuery['selectedItems'] = {}) {
  const [wanted, unwanted] = [new Set(included), new Set(excluded)];
  return (id: number) => (all ? !unwanted.has(id) : wanted.has(id));
}

export interface TaskOrder {
  /** Null: by id, as tasks come. */
  readonly key: Field | null;
  readonly down: boolean;
}

/** By one field, as in Label Studio; equal ones stay in the order of their ids. Throws INPUT_BAD_FIELD. */
export function orderOf(ordering: readonly string[] = []): TaskOrder {
  const [first = 'tasks:id'] = ordering;
  const down = first.startsWith('-');
  const name = nameIn(first.slice(down ? 1 : 0));
  return { key: name === 'id' ? null : fieldNamed(name, 'ordering', first), down };
}

/** Does the query look at predictions? They are read only then. */
export function readsPredictions({ filters, ordering = [] }: TaskQuery): boolean {
  const names = [...(filters?.items ?? []).map((one) => one.filter), ...ordering.map((one) => one.replace(/^-/, ''))];
  return names.some((name) => /^(total_predictions$|predictions_)/.test(nameIn(name)));
}

export type Field = (row: FilterRow) => unknown;

const given = ({ annotations }: FilterRow) => annotations.filter((one) => !one.skipped);

const FIELDS: Readonly<Record<string, Field>> = {
  id: ({ task }) => task.id,
  inner_id: ({ task }) => task.ordinal + 1,
  created_at: ({ task }) => task.createdAt,
  updated_at: ({ task }) => task.updatedAt,
  total_annotations: (row) => given(row).length,
  cancelled_annotations: (row) => row.annotations.length - given(row).length,
  completed_at: (row) => (given(row).length >= row.overlap ? given(row).at(-1)!.createdAt : null),
  annotators: ({ annotations }) => annotations.map((one) => one.annotatorId),
  ground_truth: ({ annotations }) => annotations.some((one) => one.groundTruth),
  annotations_ids: ({ annotations }) => annotations.map((one) => one.id),
  annotations_results: ({ annotations }) => saidIn(annotations),
  avg_lead_time: (row) => mean(given(row).flatMap(({ visibleMs }) => (visibleMs === null ? [] : [visibleMs / 1000]))),
  draft_exists: () => false,
  total_predictions: ({ predictions }) => predictions.length,
  predictions_score: ({ predictions }) => mean(predictions.flatMap(({ score }) => (score === null ? [] : [score]))),
  predictions_model_versions: ({ predictions }) => predictions.map((one) => one.modelVersion),
  predictions_results: ({ predictions }) => saidIn(predictions),
};

/** The values of all regions as text; null when there is none. */
function saidIn(answers: readonly { readonly result: readonly Region[] }[]): string | null {
  const values = answers.flatMap((one) => one.result.map((region) => region.value ?? null));
  return values.length === 0 ? null : JSON.stringify(values);
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, one) => sum + one, 0) / values.length;
}

const DATA = 'data.';

function testOf({ filter, operator, value }: TaskFilterItem): Matches {
  const field = fieldNamed(nameIn(filter), 'filter', filter);
  const holds = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (holds === undefined) throw unknown('operator', operator, Object.keys(OPERATORS).join(', '));
  return (row) => holds(field(row), value);
}

/** `filter:tasks:data.text` -> `data.text` */
function nameIn(text: string): string {
  return text.replace(/^filter:/, '').replace(/^tasks:/, '');
}

function fieldNamed(name: string, what: string, given: string): Field {
  if (name.startsWith(DATA)) return ({ task }) => valueAt(task.data, name.slice(DATA.length));
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field) return field;
  throw unknown(what, given, [...Object.keys(FIELDS), `${DATA}NAME`].join(', '));
}

type Operator = (held: unknown, wanted: unknown) => boolean;

const text = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value ?? '')).toLowerCase();
const same: Operator = (held, wanted) => (Array.isArray(held) ? held.includes(wanted) : text(held) === text(wanted));
const isEmpty = (held: unknown): boolean => held === null || held === undefined || held === '' || held === false;

/** Numbers as numbers, times and words as words. */
function compare(held: unknown, wanted: unknown): number {
  const [a, b] = [Number(held), Number(wanted)];
  if (held !== null && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return text(held) < text(wanted) ? -1 : text(held) > text(wanted) ? 1 : 0;
}

const between: Operator = (held, wanted) => {
  const { min, max } = (wanted ?? {}) as { min?: unknown; max?: unknown };
  return compare(held, min) >= 0 && compare(held, max) <= 0;
};
const listed: Operator = (held, wanted) => Array.isArray(wanted) && wanted.some((one) => same(held, one));

const OPERATORS: Readonly<Record<string, Operator>> = {
  equal: same,
  not_equal: (held, wanted) => !same(held, wanted),
  less: (held, wanted) => !isEmpty(held) && compare(held, wanted) < 0,
  greater: (held, wanted) => !isEmpty(held) && compare(held, wanted) > 0,
  less_or_equal: (held, wanted) => !isEmpty(held) && compare(held, wanted) <= 0,
  greater_or_equal: (held, wanted) => !isEmpty(held) && compare(held, wanted) >= 0,
  in: between,
  not_in: (held, wanted) => !between(held, wanted),
  in_list: listed,
  not_in_list: (held, wanted) => !listed(held, wanted),
  contains: (held, wanted) => (Array.isArray(held) ? same(held, wanted) : text(held).includes(text(wanted))),
  not_contains: (held, wanted) => !(Array.isArray(held) ? same(held, wanted) : text(held).includes(text(wanted))),
  empty: (held, wanted) => isEmpty(held) === (wanted === true || wanted === 'true'),
};

function unknown(what: string, name: string, known: string): AppError {
  return new AppError(
    'INPUT_BAD_FIELD',
    `The ${what} "${name.slice(0, 100)}" is not answered here; known are ${known}.`,
    {
      details: { field: 'query', [what]: name.slice(0, 100) },
    },
  );
}
