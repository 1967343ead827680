/** Tasks to look at: what a rule hits, where it is contradicted, what it misses, and what a new version changes. */
import { type Truths, truthOf } from './analysis.ts';
import { forEachTask, isRefuted, marked, meet, oppose, type Place, type TaskTruth, type Voter } from './voters.ts';
import type { RuleVotes } from './votes.ts';

export interface RuleLists {
  /** Tasks it votes on. */
  readonly hits: readonly number[];
  /** Of these, tasks where another rule speaks against it, or that are annotated otherwise. */
  readonly conflicts: readonly number[];
  /** Annotated tasks with one of its labels that it is silent on; of a span rule, with a span that it did not mark. */
  readonly misses: readonly number[];
}

export interface ListedRule {
  readonly rule: number;
  /** What it votes for, to know what it misses. */
  readonly labels: readonly number[];
  /** Does it mark spans? */
  readonly spans: boolean;
}

export interface ListOptions {
  /** Entries of a list. */
  readonly limit?: number;
  /** As in `analyseVotes`. */
  readonly several?: boolean;
}

const LISTED_MAX = 1000;

/** Browsable lists for one rule, in task order. */
export function ruleLists(
  votes: RuleVotes,
  listed: ListedRule,
  truths: Truths,
  { limit = LISTED_MAX, several = false }: ListOptions = {},
): RuleLists {
  const [hits, conflicts, misses]: [number[], number[], number[]] = [[], [], []];
  const own = new Map<number, Voter>();
  forEachTask(votes, (task, voters) => {
    const voter = voters.find(({ rule }) => rule === listed.rule);
    if (voter === undefined) return;
    own.set(task, voter);
    push(hits, task, limit);
    const opposed = voters.some((other) => other !== voter && meet(voter, other) && oppose(voter, other, several));
    if (opposed || isRefuted(voter, truthOf(truths, task))) push(conflicts, task, limit);
  });
  for (let task = 0; task < truths.length; task++) {
    if (isMissed(listed, own.get(task), truthOf(truths, task))) push(misses, task, limit);
  }
  return { hits, conflicts, misses };
}

function isMissed({ labels, spans }: ListedRule, voter: Voter | undefined, truth: TaskTruth): boolean {
  if (!spans) return voter === undefined && (truth.labels ?? []).some((label) => labels.includes(label));
  const found = voter?.places ?? [];
  return (truth.places ?? []).some((place) => labels.includes(place.label) && !marked(found, place));
}

/** Tasks on which people speak against a rule, then those on which rules speak against each other; each in task order. */
export function contestedTasks(
  votes: RuleVotes,
  truths: Truths,
  { limit = LISTED_MAX, several = false }: ListOptions = {},
): number[] {
  const [refuted, opposed]: [number[], number[]] = [[], []];
  forEachTask(votes, (task, voters) => {
    const truth = truthOf(truths, task);
    if (voters.some((voter) => isRefuted(voter, truth))) push(refuted, task, limit);
    else if (voters.some((a) => voters.some((b) => a !== b && oppose(a, b, several)))) push(opposed, task, limit);
  });
  return [...refuted, ...opposed].slice(0, limit);
}

function push(list: number[], task: number, limit: number): void {
  if (list.length < limit) list.push(task);
}

export interface VoteDifference {
  /** Tasks with votes now that had none, with none now that had some, with other winning labels or other spans. */
  readonly gained: readonly number[];
  readonly lost: readonly number[];
  readonly flipped: readonly number[];
}

/**
 * What changes from one set of votes to another over the same tasks, by the labels with the most votes and by the spans.
 * Give it the resolved votes of whole sets, or of one rule in two versions.
 * @param several as in `analyseVotes`.
 */
export function diffVotes(before: RuleVotes, after: RuleVotes, several = false): VoteDifference {
  const [old, now] = [outcomes(before, several), outcomes(after, several)];
  const tasks = [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b);
  return {
    gained: tasks.filter((task) => !old.has(task)),
    lost: tasks.filter((task) => !now.has(task)),
    flipped: tasks.filter((task) => old.has(task) && now.has(task) && old.get(task) !== now.get(task)),
  };
}

/** By task, what its rules come to, as a text to compare. */
function outcomes(votes: RuleVotes, several: boolean): Map<number, string> {
  const out = new Map<number, string>();
  forEachTask(votes, (task, voters) => {
    const counts = new Map<number, number>();
    const places = new Set<string>();
    for (const { labels, places: own } of voters) {
      for (const place of own ?? []) places.add(placeName(place));
      if (own === null) for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    const least = several ? 1 : Math.max(0, ...counts.values());
    const winners = [...counts].filter(([, count]) => count >= least).map(([label]) => label);
    out.set(task, `${winners.sort((a, b) => a - b).join(' ')};${[...places].sort().join(' ')}`);
  });
  return out;
}

function placeName({ label, start, end }: Place): string {
  return `${start}-${end}-${label}`;
}
