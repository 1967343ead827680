/** Who says what of one task: rules with the labels they give it, and the places that span rules mark in it. */
import { NO_LABEL } from './compile.ts';
import type { RuleVotes } from './votes.ts';

/** A marked place of a text; UTF-16 offsets, end exclusive. */
export interface Place {
  readonly label: number;
  readonly start: number;
  readonly end: number;
}

export interface Voter {
  readonly rule: number;
  readonly labels: readonly number[];
  /** Null for a rule that labels the whole task. */
  readonly places: readonly Place[] | null;
}

/** What people say of a task. */
export interface TaskTruth {
  /** Labels of the whole task, of which there may be none; null where nobody has said, or people do not agree. */
  readonly labels: readonly number[] | null;
  /** Places that people marked, often none at all; null where nobody has looked. */
  readonly places: readonly Place[] | null;
}

/** Calls back with each task on which rules vote, in order. */
export function forEachTask(votes: RuleVotes, visit: (task: number, voters: readonly Voter[]) => void): void {
  const { tasks, rules, labels } = votes;
  const cursor = new PlaceCursor(votes);
  for (let i = 0; i < tasks.length; ) {
    const task = tasks[i]!;
    const voters: Voter[] = [];
    while (i < tasks.length && tasks[i] === task) {
      const rule = rules[i]!;
      const own: number[] = [];
      for (; i < tasks.length && tasks[i] === task && rules[i] === rule; i++) {
        if (labels[i] !== NO_LABEL) own.push(labels[i]!);
      }
      if (own.length > 0) voters.push({ rule, labels: own, places: cursor.take(task, rule) });
    }
    if (voters.length > 0) visit(task, voters);
  }
}

/** Walks along the places, which are ordered like the votes. */
class PlaceCursor {
  readonly #spans: RuleVotes['spans'];
  #at = 0;

  constructor({ spans }: RuleVotes) {
    this.#spans = spans;
  }

  take(task: number, rule: number): Place[] | null {
    const { tasks, rules, labels, starts, ends } = this.#spans;
    const before = (i: number): boolean => tasks[i]! < task || (tasks[i] === task && rules[i]! < rule);
    while (this.#at < tasks.length && before(this.#at)) this.#at++;
    const own: Place[] = [];
    for (; tasks[this.#at] === task && rules[this.#at] === rule; this.#at++) {
      own.push({ label: labels[this.#at]!, start: starts[this.#at]!, end: ends[this.#at]! });
    }
    return own.length === 0 ? null : own;
  }
}

/** Do they speak of the same thing: both of the whole task, or of places that overlap? */
export function meet(a: Voter, b: Voter): boolean {
  if (a.places === null || b.places === null) return a.places === b.places;
  return a.places.some((one) => b.places!.some((other) => overlap(one, other)));
}

/**
 * Do they contradict each other: no label in common for the task, or other labels for a place?
 * @param several labels of a task may hold at once, so that another one denies nothing.
 */
export function oppose(a: Voter, b: Voter, several: boolean): boolean {
  if (a.places === null || b.places === null) {
    return a.places === b.places && !several && !a.labels.some((label) => b.labels.includes(label));
  }
  return clash(a.places, b.places) || clash(b.places, a.places);
}

/** A place of the first that the second calls otherwise. */
function clash(places: readonly Place[], others: readonly Place[]): boolean {
  return places.some((one) => {
    const over = others.filter((other) => overlap(one, other));
    return over.length > 0 && over.every((other) => other.label !== one.label);
  });
}

function overlap(a: Place, b: Place): boolean {
  return a.start < b.end && b.start < a.end;
}

/** Is exactly this place, with this label, among them? */
export function marked(places: readonly Place[], one: Place): boolean {
  return places.some(({ label, start, end }) => label === one.label && start === one.start && end === one.end);
}

/** What people speak against: another label for the task, or a place that nobody marked so. */
export function isRefuted({ labels, places }: Voter, truth: TaskTruth): boolean {
  if (places === null) return truth.labels !== null && !labels.some((label) => truth.labels!.includes(label));
  return truth.places !== null && places.some((one) => !marked(truth.places!, one));
}
