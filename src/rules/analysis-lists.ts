/** Tasks to look at: what a rule hits, where it is contradicted, what it misses, and what a new version changes. */
import { forEachTask } from './analysis.ts';
import { NO_LABEL } from './compile.ts';
import type { RuleVotes } from './votes.ts';

export interface RuleLists {
  /** Tasks it votes on. */
  readonly hits: readonly number[];
  /** Of these, tasks where another rule votes for other labels only, or that are annotated otherwise. */
  readonly conflicts: readonly number[];
  /** Annotated tasks with one of its labels that it is silent on. */
  readonly misses: readonly number[];
}

/**
 * Browsable lists for one rule, each at most `limit` long, in task order.
 * @param labels what it votes for, to know what it misses.
 * @param truth (tasks) label index of each annotated task, -1 where there is none.
 */
export function ruleLists(
  votes: RuleVotes,
  rule: number,
  labels: readonly number[],
  truth: Int32Array,
  limit = 1000,
): RuleLists {
  const [hits, conflicts, misses]: number[][] = [[], [], []];
  const voted = new Set<number>();
  forEachTask(votes, (task, from, to) => {
    const own = new Set<number>();
    for (let i = from; i < to; i++) if (votes.rules[i] === rule) own.add(votes.labels[i]!);
    if (own.size === 0) return;
    voted.add(task);
    push(hits!, task, limit);
    if (isContradicted(votes, from, to, rule, own) || ((truth[task] ?? -1) >= 0 && !own.has(truth[task]!))) {
      push(conflicts!, task, limit);
    }
  });
  for (let task = 0; task < truth.length; task++) {
    if (labels.includes(truth[task]!) && !voted.has(task)) push(misses!, task, limit);
  }
  return { hits: hits!, conflicts: conflicts!, misses: misses! };
}

function push(list: number[], task: number, limit: number): void {
  if (list.length < limit) list.push(task);
}

function isContradicted(votes: RuleVotes, from: number, to: number, rule: number, own: ReadonlySet<number>): boolean {
  const agrees = new Set<number>();
  for (let i = from; i < to; i++) if (own.has(votes.labels[i]!)) agrees.add(votes.rules[i]!);
  for (let i = from; i < to; i++) {
    const other = votes.rules[i]!;
    if (other !== rule && votes.labels[i] !== NO_LABEL && !agrees.has(other)) return true;
  }
  return false;
}

export interface VoteDifference {
  /** Tasks with votes now that had none, with none now that had some, with other winning labels. */
  readonly gained: readonly number[];
  readonly lost: readonly number[];
  readonly flipped: readonly number[];
}

/**
 * What changes from one set of votes to another over the same tasks, by the labels with the most votes.
 * Give it the resolved votes of whole sets, or of one rule in two versions.
 */
export function diffVotes(before: RuleVotes, after: RuleVotes): VoteDifference {
  const [old, now] = [winningLabels(before), winningLabels(after)];
  const tasks = [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b);
  return {
    gained: tasks.filter((task) => !old.has(task)),
    lost: tasks.filter((task) => !now.has(task)),
    flipped: tasks.filter((task) => old.has(task) && now.has(task) && old.get(task) !== now.get(task)),
  };
}

function winningLabels(votes: RuleVotes): Map<number, string> {
  const out = new Map<number, string>();
  forEachTask(votes, (task, from, to) => {
    const counts = new Map<number, number>();
    for (let i = from; i < to; i++) {
      const label = votes.labels[i]!;
      if (label !== NO_LABEL) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    const most = Math.max(0, ...counts.values());
    const winners = [...counts].filter(([, count]) => count === most).map(([label]) => label);
    if (winners.length > 0) out.set(task, winners.sort((a, b) => a - b).join(' '));
  });
  return out;
}
