/** Applying compiled rules to tasks: votes and spans, with faults contained, time accounted and progress in view. */
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { CompiledRules } from './compile.ts';
import { findNode, type Scratch, testNode } from './evaluate.ts';
import { type ScanSink, scanField } from './field-scan.ts';
import type { TaskView } from './task-view.ts';
import { newTokens } from './tokens.ts';
import { textOf, valueAt } from './value-test.ts';
import { type RuleFault, type RuleVotes, VoteRows } from './votes.ts';

/** Told what is about to run, so that somebody outside the thread can see where it hangs. See `watch.ts`. */
export interface ApplyWatch {
  enter(rule: number, task: number): void;
  leave(): void;
}

export interface ApplyOptions {
  /** Number of the first task; votes count from here. */
  readonly firstTask?: number;
  readonly watch?: ApplyWatch;
  /** Milliseconds; given, the cost of each rule is measured on every COST_SAMPLE-th task. */
  readonly clock?: () => number;
}

export interface RuleCost {
  /** (rules) milliseconds in patterns and conditions, scaled up from the sampled tasks. */
  readonly ruleMs: Float64Array;
  /** Scans shared by all rules. */
  readonly scanMs: number;
  /** UTF-16 units of text scanned. */
  readonly chars: number;
}

export interface Applied {
  readonly votes: RuleVotes;
  /** Zeros without a clock. */
  readonly cost: RuleCost;
}

const COST_SAMPLE = 16;

/**
 * The votes of every enabled rule on every task. Priority and veto are not applied here (see `resolveVotes`), so each row
 * depends on one rule and one task only: any way of cutting tasks or rules into parts gives, merged, the same bits.
 * A rule that throws is recorded as a fault, stops, and has no votes in the result.
 */
export function applyRules(compiled: CompiledRules, tasks: readonly TaskView[], options: ApplyOptions = {}): Applied {
  return new Applier(compiled, options).run(tasks);
}

class Applier {
  readonly #compiled: CompiledRules;
  readonly #options: ApplyOptions;
  readonly #rows = new VoteRows();
  readonly #faults: RuleFault[] = [];
  readonly #skipped = new Map<number, number>();
  readonly #stopped: Uint8Array;
  readonly #scratch: Scratch;
  readonly #sink: ScanSink;
  /** Rules to look at for the task at hand. */
  readonly #woken: Int32Array;
  #wokenCount = 0;
  readonly #wokenEpoch: Uint32Array;
  /** (rules) label of a rule that is one keyword list and one label: to be woken is to match. Else -1. */
  readonly #plainLabel: Int32Array;
  readonly #ruleMs: Float64Array;
  #scanMs = 0;
  #chars = 0;
  #rule = 0;
  #task = 0;

  constructor(compiled: CompiledRules, options: ApplyOptions) {
    this.#compiled = compiled;
    this.#options = options;
    const { rules, leaves, fields } = compiled;
    this.#stopped = new Uint8Array(rules.length);
    this.#woken = new Int32Array(rules.length);
    this.#wokenEpoch = new Uint32Array(rules.length);
    this.#ruleMs = new Float64Array(rules.length);
    this.#plainLabel = Int32Array.from(rules, ({ plan, labels, spanField }) =>
      plan.kind === 'leaf' && leaves[plan.leaf]!.pattern === null && labels.length === 1 && spanField === -1
        ? labels[0]!
        : -1,
    );
    const { watch } = options;
    this.#scratch = {
      compiled,
      epoch: 0,
      task: { data: {} },
      texts: fields.map(() => undefined),
      tokens: fields.map(() => newTokens()),
      hitEpoch: new Uint32Array(leaves.length),
      gateBits: new Uint32Array(leaves.length),
      gateEpoch: new Uint32Array(leaves.length),
      ranEpoch: new Uint32Array(leaves.length),
      ranResult: new Uint8Array(leaves.length),
      places: leaves.map(() => []),
      skipped: false,
      beforePattern: watch ? () => watch.enter(this.#rule, this.#task) : nothing,
      afterPattern: watch ? () => watch.leave() : nothing,
    };
    this.#sink = this.#makeSink();
  }

  run(tasks: readonly TaskView[]): Applied {
    const first = this.#options.firstTask ?? 0;
    for (let i = 0; i < tasks.length; i++) this.#one(tasks[i]!, first + i);
    const votes = this.#rows.finish(tasks.length, this.#faults, this.#skipped);
    return { votes, cost: { ruleMs: this.#ruleMs, scanMs: this.#scanMs, chars: this.#chars } };
  }

  #one(task: TaskView, number: number): void {
    const s = this.#scratch;
    s.epoch++;
    s.task = task;
    this.#task = number;
    this.#wokenCount = 0;
    const clock = number % COST_SAMPLE === 0 ? this.#options.clock : undefined;
    const started = clock?.() ?? 0;
    this.#compiled.fields.forEach((field, f) => {
      const text = textOf(valueAt(task, field.path));
      s.texts[f] = text;
      s.tokens[f]!.count = 0;
      if (text === undefined) return;
      this.#chars += text.length;
      scanField(field, text, s.tokens[f]!, this.#sink);
    });
    if (clock) this.#scanMs += (clock() - started) * COST_SAMPLE;
    const { always } = this.#compiled;
    for (let i = 0; i < always.length; i++) this.#wake(always[i]!);
    // Rows are ordered by rule, and words come in the order of the text.
    sortFirst(this.#woken, this.#wokenCount);
    for (let i = 0; i < this.#wokenCount; i++) {
      const rule = this.#woken[i]!;
      const label = this.#plainLabel[rule]!;
      if (label !== -1) this.#rows.add(number, rule, label);
      else this.#evaluate(rule, clock);
    }
  }

  #evaluate(rule: number, clock: (() => number) | undefined): void {
    if (this.#stopped[rule] === 1) return;
    const started = clock?.() ?? 0;
    this.#rule = rule;
    this.#scratch.skipped = false;
    try {
      this.#vote(rule);
    } catch (error) {
      this.#stopped[rule] = 1;
      const { id, version } = this.#compiled.rules[rule]!.rule;
      const message = `Rule '${id}' failed on task ${this.#task}: ${error instanceof Error ? error.message : String(error)}`;
      const details = { rule: id, version, task: this.#task };
      this.#faults.push({ rule, task: this.#task, error: ruleFault(error, message, details).toPlain() });
    }
    if (this.#scratch.skipped) this.#skipped.set(rule, (this.#skipped.get(rule) ?? 0) + 1);
    if (clock) this.#ruleMs[rule] = this.#ruleMs[rule]! + (clock() - started) * COST_SAMPLE;
  }

  #vote(rule: number): void {
    const { plan, labels, spanField, facts } = this.#compiled.rules[rule]!;
    const s = this.#scratch;
    if (facts.some((name) => s.task.facts?.[name] == null) || !testNode(plan, s)) return;
    if (spanField === -1) {
      for (const label of labels) this.#rows.add(this.#task, rule, label);
      return;
    }
    const places = findNode(plan, s);
    const end = Math.min(places.length, 2 * LIMITS.ruleMatchesMax);
    for (const label of labels) {
      if (end > 0) this.#rows.add(this.#task, rule, label);
      for (let i = 0; i < end; i += 2) this.#rows.addSpan(this.#task, rule, label, places[i]!, places[i + 1]!);
    }
  }

  #wake(rule: number): void {
    if (this.#wokenEpoch[rule] === this.#scratch.epoch) return;
    this.#wokenEpoch[rule] = this.#scratch.epoch;
    this.#woken[this.#wokenCount++] = rule;
  }

  #makeSink(): ScanSink {
    const s = this.#scratch;
    const { leaves, wakes } = this.#compiled;
    const collects = Uint8Array.from(leaves, (leaf) => (leaf.collects && leaf.pattern === null ? 1 : 0));
    const gates = Int32Array.from(leaves, (leaf) => leaf.gate);
    const { hitEpoch, gateBits, gateEpoch, places } = s;
    const hit = (leaf: number): void => {
      hitEpoch[leaf] = s.epoch;
      const list = wakes[leaf]!;
      for (let i = 0; i < list.length; i++) this.#wake(list[i]!);
    };
    const collect = (leaf: number, start: number, end: number): void => {
      const own = places[leaf]!;
      if (hitEpoch[leaf] !== s.epoch) own.length = 0;
      if (own.length < 2 * LIMITS.ruleMatchesMax) own.push(start, end);
    };
    return {
      settled: (leaf) => hitEpoch[leaf] === s.epoch && collects[leaf] === 0,
      found: (leaf, clause, start, end) => {
        if (clause === 0) {
          if (collects[leaf] === 1) collect(leaf, start, end);
          if (hitEpoch[leaf] !== s.epoch) hit(leaf);
          return;
        }
        const bits = (gateEpoch[leaf] === s.epoch ? gateBits[leaf]! : 0) | clause;
        gateEpoch[leaf] = s.epoch;
        gateBits[leaf] = bits;
        if (bits === gates[leaf]) hit(leaf);
      },
    };
  }
}

/** Insertion sort of the first `count` numbers: a text wakes a handful of rules. */
function sortFirst(values: Int32Array, count: number): void {
  if (count > SORT_INSERTION_MAX) {
    values.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = values[i]!;
    let j = i - 1;
    for (; j >= 0 && values[j]! > value; j--) values[j + 1] = values[j]!;
    values[j + 1] = value;
  }
}

const SORT_INSERTION_MAX = 40;

function nothing(): void {}

function ruleFault(error: unknown, message: string, details: Readonly<Record<string, unknown>>): AppError {
  return new AppError('RULE_FAULT', message, { details, cause: error });
}
