/** What rules say of tasks: sparse rows, ordered by task, then rule, then label, whatever the order of the work was. */
import type { PlainError } from '../core/errors.ts';

/** One row per vote; `n` rows. */
export interface RuleVotes {
  /** Tasks looked at, votes or not. */
  readonly taskCount: number;
  /** (n) position of the task in the order of the call, or its ordinal: whatever the caller counts in. */
  readonly tasks: Uint32Array;
  /** (n) index of the rule. */
  readonly rules: Uint32Array;
  /** (n) index of the label; NO_LABEL for a rule that only vetoes. */
  readonly labels: Uint16Array;
  readonly spans: RuleSpans;
  /** Rules that failed; none of their votes are here. */
  readonly faults: readonly RuleFault[];
  /** Per rule: texts that were too long for one of its patterns, so that it kept silent. */
  readonly skipped: ReadonlyMap<number, number>;
}

/** Marked places, ordered like votes and then by start; UTF-16 offsets, end exclusive. */
export interface RuleSpans {
  readonly tasks: Uint32Array;
  readonly rules: Uint32Array;
  readonly labels: Uint16Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

export interface RuleFault {
  readonly rule: number;
  readonly task: number;
  readonly error: PlainError;
}

/** Rows under construction. */
export class VoteRows {
  #tasks = new Uint32Array(1024);
  #rules = new Uint32Array(1024);
  #labels = new Uint16Array(1024);
  #count = 0;
  readonly #spans: number[] = [];

  add(task: number, rule: number, label: number): void {
    if (this.#count === this.#tasks.length) this.#grow();
    this.#tasks[this.#count] = task;
    this.#rules[this.#count] = rule;
    this.#labels[this.#count] = label;
    this.#count++;
  }

  addSpan(task: number, rule: number, label: number, start: number, end: number): void {
    this.#spans.push(task, rule, label, start, end);
  }

  finish(taskCount: number, faults: readonly RuleFault[], skipped: ReadonlyMap<number, number>): RuleVotes {
    const votes: RuleVotes = {
      taskCount,
      tasks: this.#tasks.slice(0, this.#count),
      rules: this.#rules.slice(0, this.#count),
      labels: this.#labels.slice(0, this.#count),
      spans: spanColumns(this.#spans),
      faults,
      skipped: new Map([...skipped].sort((a, b) => a[0] - b[0])),
    };
    // Merging one part brings faults, skips and withdrawn rows into the same form as merging many.
    return faults.length > 0 ? mergeVotes([votes], taskCount) : votes;
  }

  #grow(): void {
    const size = this.#tasks.length * 2;
    const [tasks, rules, labels] = [new Uint32Array(size), new Uint32Array(size), new Uint16Array(size)];
    tasks.set(this.#tasks);
    rules.set(this.#rules);
    labels.set(this.#labels);
    [this.#tasks, this.#rules, this.#labels] = [tasks, rules, labels];
  }
}

function spanColumns(flat: readonly number[]): RuleSpans {
  const column = (k: number): number[] => flat.filter((_, i) => i % 5 === k);
  return {
    tasks: Uint32Array.from(column(0)),
    rules: Uint32Array.from(column(1)),
    labels: Uint16Array.from(column(2)),
    starts: Uint32Array.from(column(3)),
    ends: Uint32Array.from(column(4)),
  };
}

/** The votes without those of some rules: a version that overran its time loses all it said. Faults stay listed. */
export function withdrawRules(votes: RuleVotes, rules: ReadonlySet<number>): RuleVotes {
  if (rules.size === 0) return votes;
  return { ...renumberRules(votes, (rule) => (rules.has(rule) ? -1 : rule)), faults: votes.faults };
}

/** Gives rules new indices, for a set in which they stand elsewhere; -1 drops everything of a rule. Order is restored. */
export function renumberRules(votes: RuleVotes, newIndex: (rule: number) => number): RuleVotes {
  const faults = votes.faults.map((fault) => ({ ...fault, rule: newIndex(fault.rule) }));
  const skipped = [...votes.skipped].map(([rule, count]) => [newIndex(rule), count] as const);
  return {
    ...sortedRows(votes.taskCount, [{ votes, newIndex }]),
    faults: faults.filter(({ rule }) => rule !== -1),
    skipped: new Map(skipped.filter(([rule]) => rule !== -1)),
  };
}

/**
 * Joins what was computed in parts: chunks of tasks, or sets of rules over the same tasks. A rule that failed in one part
 * loses its votes in all. The result does not depend on how the work was cut or in which order parts arrived.
 */
export function mergeVotes(parts: readonly RuleVotes[], taskCount: number): RuleVotes {
  const faults = parts.flatMap((part) => part.faults).sort((a, b) => a.rule - b.rule || a.task - b.task);
  const first = faults.filter((fault, i) => i === 0 || faults[i - 1]!.rule !== fault.rule);
  const failed = new Set(first.map((fault) => fault.rule));
  const skipped = new Map<number, number>();
  for (const part of parts) {
    for (const [rule, count] of part.skipped)
      if (!failed.has(rule)) skipped.set(rule, (skipped.get(rule) ?? 0) + count);
  }
  const newIndex = (rule: number): number => (failed.has(rule) ? -1 : rule);
  return {
    ...sortedRows(
      taskCount,
      parts.map((votes) => ({ votes, newIndex })),
    ),
    faults: first,
    skipped: new Map([...skipped].sort((a, b) => a[0] - b[0])),
  };
}

interface Part {
  readonly votes: RuleVotes;
  readonly newIndex: (rule: number) => number;
}

function sortedRows(
  taskCount: number,
  parts: readonly Part[],
): Pick<RuleVotes, 'taskCount' | 'tasks' | 'rules' | 'labels' | 'spans'> {
  const [tasks, rules, labels] = orderedColumns(
    parts.map(({ votes, newIndex }) => [votes.tasks, votes.rules.map(newIndex32(newIndex)), votes.labels]),
  );
  const [spanTasks, spanRules, spanLabels, starts, ends] = orderedColumns(
    parts.map(({ votes: { spans }, newIndex }) => [
      spans.tasks,
      spans.rules.map(newIndex32(newIndex)),
      spans.labels,
      spans.starts,
      spans.ends,
    ]),
  );
  return {
    taskCount,
    tasks: tasks ?? new Uint32Array(),
    rules: rules ?? new Uint32Array(),
    labels: Uint16Array.from(labels ?? []),
    spans: {
      tasks: spanTasks ?? new Uint32Array(),
      rules: spanRules ?? new Uint32Array(),
      labels: Uint16Array.from(spanLabels ?? []),
      starts: starts ?? new Uint32Array(),
      ends: ends ?? new Uint32Array(),
    },
  };
}

const DROPPED = 0xffffffff;

function newIndex32(newIndex: (rule: number) => number): (rule: number) => number {
  return (rule) => (newIndex(rule) === -1 ? DROPPED : newIndex(rule));
}

/** Concatenates the columns of all parts, drops rows whose second column is DROPPED, sorts by all columns in turn. */
function orderedColumns(parts: readonly (readonly (Uint32Array | Uint16Array)[])[]): Uint32Array[] {
  const width = parts[0]?.length ?? 0;
  const joined = Array.from({ length: width }, (_, k) => concat(parts.map((part) => part[k]!)));
  const rows = new Uint32Array(joined[0]?.length ?? 0).map((_, i) => i).filter((row) => joined[1]![row] !== DROPPED);
  const compare = (a: number, b: number): number => {
    for (const column of joined) if (column[a] !== column[b]) return column[a]! - column[b]!;
    return 0;
  };
  if (!isOrdered(rows, compare)) rows.sort(compare);
  return joined.map((column) => rows.map((row) => column[row]!));
}

function isOrdered(rows: Uint32Array, compare: (a: number, b: number) => number): boolean {
  for (let i = 1; i < rows.length; i++) if (compare(rows[i - 1]!, rows[i]!) > 0) return false;
  return true;
}

function concat(parts: readonly (Uint32Array | Uint16Array)[]): Uint32Array {
  const out = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The given rows, in their order. */
export function takeRows(votes: RuleVotes, rows: Uint32Array, spanRows: Uint32Array): RuleVotes {
  const { spans } = votes;
  return {
    ...votes,
    tasks: rows.map((row) => votes.tasks[row]!),
    rules: rows.map((row) => votes.rules[row]!),
    labels: Uint16Array.from(rows, (row) => votes.labels[row]!),
    spans: {
      tasks: spanRows.map((row) => spans.tasks[row]!),
      rules: spanRows.map((row) => spans.rules[row]!),
      labels: Uint16Array.from(spanRows, (row) => spans.labels[row]!),
      starts: spanRows.map((row) => spans.starts[row]!),
      ends: spanRows.map((row) => spans.ends[row]!),
    },
  };
}
