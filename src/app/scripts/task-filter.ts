/** Filters of Label Studio's Data Manager, as far as they can be answered here; all others are refused by name. */
import type { Annotation, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { valueAt } from '../../labelconfig/index.ts';
import type { TaskFilterItem, TaskQuery } from './api.ts';

/** What the fields of a filter stand on. */
export interface FilterRow {
  readonly task: Task;
  readonly annotations: readonly Annotation[];
  /** Annotations that finish a task. */
  readonly overlap: number;
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

/** Newest first when the order says so; only the id can be ordered by. Throws INPUT_BAD_FIELD. */
export function isDescending(ordering: readonly string[] = []): boolean {
  const [first] = ordering;
  if (first === undefined || first === 'tasks:id') return false;
  if (first === '-tasks:id') return true;
  throw unknown('ordering', first, 'tasks:id, -tasks:id');
}

type Field = (row: FilterRow) => unknown;

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
};

const DATA = 'data.';

function testOf({ filter, operator, value }: TaskFilterItem): Matches {
  const name = filter.replace(/^filter:/, '').replace(/^tasks:/, '');
  const field: Field | undefined = name.startsWith(DATA)
    ? ({ task }) => valueAt(task.data, name.slice(DATA.length))
    : Object.hasOwn(FIELDS, name)
      ? FIELDS[name]
      : undefined;
  if (field === undefined) throw unknown('filter', filter, [...Object.keys(FIELDS), `${DATA}NAME`].join(', '));
  const holds = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (holds === undefined) throw unknown('operator', operator, Object.keys(OPERATORS).join(', '));
  return (row) => holds(field(row), value);
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
