/** What each rule is worth: coverage, overlap, conflict, precision with its uncertainty, and what it adds to the others. */

import { type Interval, wilsonInterval } from '../core/intervals.ts';
import { forEachTask, marked, meet, oppose, type Place, type TaskTruth, type Voter } from './voters.ts';
import type { RuleVotes } from './votes.ts';

export interface RuleFigures {
  /** Tasks it votes on. */
  readonly hits: number;
  /**
   * Shares of all tasks, 0..1: voted on; voted on together with another rule; against another rule. Rules that mark spans
   * meet only where their places overlap.
   */
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Labels it was seen to vote for. */
  readonly labels: readonly number[];
  /**
   * Its votes on annotated tasks, and how many were right. Of a rule that marks spans each span counts, and is right when
   * people marked exactly it; so spans count on annotated tasks without any, too.
   */
  readonly checked: number;
  readonly correct: number;
  /** correct / checked; NaN without any. */
  readonly precision: number;
  /** 95 % Wilson bounds of the precision. */
  readonly interval: Interval;
  /** Tasks on which no other rule says anything of the same thing. */
  readonly covers: number;
  /** Tasks whose majority label changes when this rule is taken away and others still vote; none for spans. */
  readonly flips: number;
}

export interface RuleReport {
  readonly rules: readonly RuleFigures[];
  readonly taskCount: number;
  /** Shares of all tasks, 0..1. */
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Right among the annotated tasks with votes for the whole task, by majority; several winners share credit. NaN without any. */
  readonly accuracy: number;
  /** Spans of all rules together on annotated tasks, each place and label once. */
  readonly spans: SpanCounts;
  /** (rules x rules) tasks on which two rules contradict each other; symmetric, row-major. */
  readonly conflicts: Uint32Array;
}

export interface SpanCounts {
  readonly marked: number;
  /** Of these, spans that people marked exactly so. */
  readonly correct: number;
  /** Spans that people marked. */
  readonly wanted: number;
}

/** Label index of each annotated task, -1 where there is none; several labels per task, or none of them, as a list; or spans as well. */
export type Truths = readonly (number | readonly number[] | TaskTruth)[] | Int32Array;

/**
 * Figures of every rule over a vote matrix, in one pass.
 * @param truths (tasks) what people say.
 * @param several labels of a task may hold at once: rules that give it different ones do not contradict each other, and
 * all labels that are voted for win.
 */
export function analyseVotes(
  votes: RuleVotes,
  ruleCount: number,
  labelCount: number,
  truths?: Truths,
  several = false,
): RuleReport {
  const sums = new Sums(ruleCount, labelCount, several);
  forEachTask(votes, (task, voters) => sums.add(voters, truthOf(truths, task)));
  let wanted = 0;
  for (let task = 0; task < (truths?.length ?? 0); task++) wanted += truthOf(truths, task).places?.length ?? 0;
  return sums.report(votes.taskCount, wanted);
}

export function truthOf(truths: Truths | undefined, task: number): TaskTruth {
  const value = truths?.[task];
  if (value === undefined) return NO_TRUTH;
  if (typeof value === 'number') return value >= 0 ? { labels: [value], places: null } : NO_TRUTH;
  return 'labels' in value ? value : { labels: value, places: null };
}

const NO_TRUTH: TaskTruth = { labels: null, places: null };

class Sums {
  readonly #ruleCount: number;
  readonly #labelCount: number;
  readonly #several: boolean;
  readonly #hits: Uint32Array;
  readonly #overlaps: Uint32Array;
  readonly #against: Uint32Array;
  readonly #checked: Uint32Array;
  readonly #correct: Uint32Array;
  readonly #alone: Uint32Array;
  readonly #flips: Uint32Array;
  readonly #labels: Set<number>[];
  readonly #conflicts: Uint32Array;
  #covered = 0;
  #overlapped = 0;
  #conflicted = 0;
  #annotated = 0;
  #credit = 0;
  #marked = 0;
  #markedRight = 0;

  constructor(ruleCount: number, labelCount: number, several: boolean) {
    this.#ruleCount = ruleCount;
    this.#labelCount = labelCount;
    this.#several = several;
    const zeros = (): Uint32Array => new Uint32Array(ruleCount);
    [this.#hits, this.#overlaps, this.#against, this.#checked] = [zeros(), zeros(), zeros(), zeros()];
    [this.#correct, this.#alone, this.#flips] = [zeros(), zeros(), zeros()];
    this.#labels = Array.from({ length: ruleCount }, () => new Set());
    this.#conflicts = new Uint32Array(ruleCount * ruleCount);
  }

  add(voters: readonly Voter[], truth: TaskTruth): void {
    this.#covered++;
    const counts = new Float64Array(this.#labelCount);
    for (const { labels, places } of voters) if (places === null) for (const label of labels) counts[label]!++;
    const winners = winnersOf(counts, this.#several);
    let [overlapped, conflicted] = [false, false];
    for (const voter of voters) {
      const met = voters.filter((other) => other !== voter && meet(voter, other));
      const opponents = met.filter((other) => oppose(voter, other, this.#several));
      this.#addVoter(voter, met.length, opponents);
      if (voter.places === null && met.length > 0 && this.#changes(voter.labels, counts, winners)) {
        this.#flips[voter.rule]!++;
      }
      this.#check(voter, truth);
      overlapped ||= met.length > 0;
      conflicted ||= opponents.length > 0;
    }
    if (overlapped) this.#overlapped++;
    if (conflicted) this.#conflicted++;
    this.#checkAll(voters, winners, truth);
  }

  #addVoter({ rule, labels }: Voter, met: number, opponents: readonly Voter[]): void {
    this.#hits[rule]!++;
    for (const label of labels) this.#labels[rule]!.add(label);
    if (met === 0) this.#alone[rule]!++;
    else this.#overlaps[rule]!++;
    for (const other of opponents) this.#conflicts[rule * this.#ruleCount + other.rule]!++;
    if (opponents.length > 0) this.#against[rule]!++;
  }

  #check({ rule, labels, places }: Voter, truth: TaskTruth): void {
    if (places === null) {
      if (truth.labels === null) return;
      this.#checked[rule]!++;
      if (labels.some((label) => truth.labels!.includes(label))) this.#correct[rule]!++;
    } else if (truth.places !== null) {
      this.#checked[rule]! += places.length;
      for (const one of places) if (marked(truth.places, one)) this.#correct[rule]!++;
    }
  }

  #checkAll(voters: readonly Voter[], winners: readonly number[], truth: TaskTruth): void {
    if (truth.labels !== null && winners.length > 0) {
      this.#annotated++;
      this.#credit += winners.filter((label) => truth.labels!.includes(label)).length / winners.length;
    }
    if (truth.places === null) return;
    const own: Place[] = [];
    for (const { places } of voters) for (const one of places ?? []) if (!marked(own, one)) own.push(one);
    this.#marked += own.length;
    for (const one of own) if (marked(truth.places, one)) this.#markedRight++;
  }

  #changes(labels: readonly number[], counts: Float64Array, winners: readonly number[]): boolean {
    const without = counts.slice();
    for (const label of labels) without[label]!--;
    const left = winnersOf(without, this.#several);
    return left.length !== winners.length || left.some((label, i) => label !== winners[i]);
  }

  report(taskCount: number, wanted: number): RuleReport {
    const share = (count: number): number => (taskCount === 0 ? 0 : count / taskCount);
    const rules = Array.from({ length: this.#ruleCount }, (_, rule): RuleFigures => {
      const [checked, correct] = [this.#checked[rule]!, this.#correct[rule]!];
      return {
        hits: this.#hits[rule]!,
        coverage: share(this.#hits[rule]!),
        overlap: share(this.#overlaps[rule]!),
        conflict: share(this.#against[rule]!),
        labels: [...this.#labels[rule]!].sort((a, b) => a - b),
        checked,
        correct,
        precision: checked === 0 ? Number.NaN : correct / checked,
        interval: wilsonInterval(correct, checked),
        covers: this.#alone[rule]!,
        flips: this.#flips[rule]!,
      };
    });
    return {
      rules,
      taskCount,
      coverage: share(this.#covered),
      overlap: share(this.#overlapped),
      conflict: share(this.#conflicted),
      accuracy: this.#annotated === 0 ? Number.NaN : this.#credit / this.#annotated,
      spans: { marked: this.#marked, correct: this.#markedRight, wanted },
      conflicts: this.#conflicts,
    };
  }
}

/** Labels with the most votes, or with any where several may hold, ascending. */
function winnersOf(counts: Float64Array, several: boolean): number[] {
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const least = several ? 1 : most;
  const out: number[] = [];
  for (let label = 0; label < counts.length; label++) if (counts[label]! >= least) out.push(label);
  return out;
}
