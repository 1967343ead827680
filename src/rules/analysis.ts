/** What each rule is worth: coverage, overlap, conflict, precision with its uncertainty, and what it adds to the others. */

import { type Interval, wilsonInterval } from '../core/intervals.ts';
import { NO_LABEL } from './compile.ts';
import type { RuleVotes } from './votes.ts';

export interface RuleFigures {
  /** Tasks it votes on. */
  readonly hits: number;
  /** Shares of all tasks, 0..1: voted on; voted on together with another rule; against another rule. */
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Labels it was seen to vote for. */
  readonly labels: readonly number[];
  /** Its votes on annotated tasks, and how many were right. */
  readonly checked: number;
  readonly correct: number;
  /** correct / checked; NaN without any. */
  readonly precision: number;
  /** 95 % Wilson bounds of the precision. */
  readonly interval: Interval;
  /** Tasks that only this rule votes on. */
  readonly covers: number;
  /** Tasks whose majority label changes when this rule is taken away and others still vote. */
  readonly flips: number;
}

export interface RuleReport {
  readonly rules: readonly RuleFigures[];
  readonly taskCount: number;
  /** Shares of all tasks, 0..1. */
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Right among the annotated tasks with votes, by majority; ties share credit. NaN without any. */
  readonly accuracy: number;
  /** (rules x rules) tasks on which two rules vote and share no label; symmetric, row-major. */
  readonly conflicts: Uint32Array;
}

/**
 * Figures of every rule over a vote matrix, in one pass.
 * @param truth (tasks) label index of each annotated task, -1 where there is none; several labels per task as a list.
 */
export function analyseVotes(
  votes: RuleVotes,
  ruleCount: number,
  labelCount: number,
  truth?: readonly (number | readonly number[])[] | Int32Array,
): RuleReport {
  const sums = new Sums(ruleCount, labelCount);
  forEachTask(votes, (task, from, to) => sums.add(votes, from, to, truthOf(truth, task)));
  return sums.report(votes.taskCount);
}

/** Calls back with each task that has votes and its rows [from, to). */
export function forEachTask(votes: RuleVotes, visit: (task: number, from: number, to: number) => void): void {
  const { tasks } = votes;
  for (let from = 0; from < tasks.length; ) {
    let to = from + 1;
    while (to < tasks.length && tasks[to] === tasks[from]) to++;
    visit(tasks[from]!, from, to);
    from = to;
  }
}

function truthOf(
  truth: readonly (number | readonly number[])[] | Int32Array | undefined,
  task: number,
): readonly number[] {
  const value = truth?.[task];
  if (value === undefined) return [];
  return typeof value === 'number' ? (value >= 0 ? [value] : []) : value;
}

/** Rows of one rule on one task. */
interface Voter {
  readonly rule: number;
  readonly labels: readonly number[];
}

class Sums {
  readonly #ruleCount: number;
  readonly #labelCount: number;
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

  constructor(ruleCount: number, labelCount: number) {
    this.#ruleCount = ruleCount;
    this.#labelCount = labelCount;
    const zeros = (): Uint32Array => new Uint32Array(ruleCount);
    [this.#hits, this.#overlaps, this.#against, this.#checked] = [zeros(), zeros(), zeros(), zeros()];
    [this.#correct, this.#alone, this.#flips] = [zeros(), zeros(), zeros()];
    this.#labels = Array.from({ length: ruleCount }, () => new Set());
    this.#conflicts = new Uint32Array(ruleCount * ruleCount);
  }

  add(votes: RuleVotes, from: number, to: number, truth: readonly number[]): void {
    const voters = votersOf(votes, from, to);
    if (voters.length === 0) return;
    this.#covered++;
    if (voters.length > 1) this.#overlapped++;
    const counts = new Float64Array(this.#labelCount);
    for (const { labels } of voters) for (const label of labels) counts[label]!++;
    const winners = winnersOf(counts);
    let conflicted = false;
    for (const voter of voters) conflicted = this.#addVoter(voter, voters, counts, winners, truth) || conflicted;
    if (conflicted) this.#conflicted++;
    if (truth.length === 0) return;
    this.#annotated++;
    this.#credit += winners.filter((label) => truth.includes(label)).length / winners.length;
  }

  #addVoter(
    voter: Voter,
    voters: readonly Voter[],
    counts: Float64Array,
    winners: readonly number[],
    truth: readonly number[],
  ): boolean {
    const { rule, labels } = voter;
    this.#hits[rule]!++;
    for (const label of labels) this.#labels[rule]!.add(label);
    if (voters.length === 1) this.#alone[rule]!++;
    else this.#overlaps[rule]!++;
    const opponents = voters.filter(
      (other) => other.rule !== rule && !other.labels.some((label) => labels.includes(label)),
    );
    for (const other of opponents) this.#conflicts[rule * this.#ruleCount + other.rule]!++;
    if (opponents.length > 0) this.#against[rule]!++;
    if (truth.length > 0) {
      this.#checked[rule]!++;
      if (labels.some((label) => truth.includes(label))) this.#correct[rule]!++;
    }
    if (voters.length > 1 && this.#changes(labels, counts, winners)) this.#flips[rule]!++;
    return opponents.length > 0;
  }

  #changes(labels: readonly number[], counts: Float64Array, winners: readonly number[]): boolean {
    const without = counts.slice();
    for (const label of labels) without[label]!--;
    const left = winnersOf(without);
    return left.length !== winners.length || left.some((label, i) => label !== winners[i]);
  }

  report(taskCount: number): RuleReport {
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
      conflicts: this.#conflicts,
    };
  }
}

function votersOf(votes: RuleVotes, from: number, to: number): Voter[] {
  const out: { rule: number; labels: number[] }[] = [];
  for (let i = from; i < to; i++) {
    if (votes.labels[i] === NO_LABEL) continue;
    const last = out[out.length - 1];
    if (last?.rule === votes.rules[i]) last!.labels.push(votes.labels[i]!);
    else out.push({ rule: votes.rules[i]!, labels: [votes.labels[i]!] });
  }
  return out;
}

/** Labels with the most votes, ascending. */
function winnersOf(counts: Float64Array): number[] {
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  const out: number[] = [];
  for (let label = 0; label < counts.length; label++) if (most > 0 && counts[label] === most) out.push(label);
  return out;
}
