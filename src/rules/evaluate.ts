/** Deciding a rule's condition for one task, from what the scans of its texts have found. */

import { LIMITS } from '../core/limits.ts';
import type { CompiledRules, Leaf, PlanNode } from './compile.ts';
import type { Pattern } from './pattern.ts';
import { findPattern, testPattern } from './pattern-run.ts';
import type { TaskView } from './task-view.ts';
import type { Tokens } from './tokens.ts';
import { wordsBefore } from './tokens.ts';
import { holds, valueAt } from './value-test.ts';

/** State of the task at hand; `epoch` marks what belongs to it, so that nothing is cleared between tasks. */
export interface Scratch {
  readonly compiled: CompiledRules;
  epoch: number;
  task: TaskView;
  /** Per field. */
  readonly texts: (string | undefined)[];
  readonly tokens: readonly Tokens[];
  /** (leaves) epoch of the last hit, or of the last completed gate. */
  readonly hitEpoch: Uint32Array;
  /** (leaves) clauses seen, of the epoch in `gateEpoch`. */
  readonly gateBits: Uint32Array;
  readonly gateEpoch: Uint32Array;
  /** (leaves) epoch in which the pattern was run, and what it said. */
  readonly ranEpoch: Uint32Array;
  readonly ranResult: Uint8Array;
  /** (leaves) places of the matches, as [start, end, ...], of the epoch in `hitEpoch` or `ranEpoch`. */
  readonly places: number[][];
  /** A pattern of the rule at hand was skipped because the text is too long. */
  skipped: boolean;
  readonly beforePattern: () => void;
  readonly afterPattern: () => void;
}

const NO_PLACES: readonly number[] = [];

/** Does the condition hold for the task? */
export function testNode(node: PlanNode, s: Scratch): boolean {
  switch (node.kind) {
    case 'leaf':
      return testLeaf(node.leaf, s);
    case 'all':
      return node.of.every((one) => testNode(one, s));
    case 'any':
      return node.of.some((one) => testNode(one, s));
    case 'not':
      return !testNode(node.of, s);
    case 'atLeast': {
      let count = 0;
      return node.of.some((one) => testNode(one, s) && ++count >= node.min);
    }
    case 'count': {
      const count = findNode(node.of, s).length / 2;
      return count >= node.min && count <= node.max;
    }
    case 'near':
    case 'within':
      return findNode(node, s).length > 0;
    case 'field':
      return holds(node.test, valueAt(s.task, node.path));
    case 'fact':
      return holds(node.test, valueAt(s.task.facts, node.path));
    case 'score':
      return holds(node.test, scoreOf(s.task, node.model, node.label));
  }
}

function scoreOf(task: TaskView, model: string, label: string): number | undefined {
  const scores = task.scores?.[model];
  if (scores === undefined) return undefined;
  if (label !== '') return scores[label];
  const all = Object.values(scores);
  return all.length === 1 ? all[0] : undefined;
}

/** Matches with their places as [start, end, ...], ordered and distinct. Conditions without places give none. */
export function findNode(node: PlanNode, s: Scratch): readonly number[] {
  switch (node.kind) {
    case 'leaf':
      return findLeaf(node.leaf, s);
    case 'all':
    case 'atLeast':
      return testNode(node, s) ? joined(node.of.map((one) => findNode(one, s))) : NO_PLACES;
    case 'any':
      return joined(node.of.map((one) => findNode(one, s)));
    case 'count':
      return testNode(node, s) ? findNode(node.of, s) : NO_PLACES;
    case 'near':
      return findNear(node, s);
    case 'within':
      return findWithin(node, s);
    default:
      return NO_PLACES;
  }
}

function testLeaf(id: number, s: Scratch): boolean {
  const leaf = s.compiled.leaves[id]!;
  if (leaf.pattern === null) return s.hitEpoch[id] === s.epoch;
  if (s.ranEpoch[id] === s.epoch) return s.ranResult[id] === 1;
  const text = s.texts[leaf.field];
  if (text === undefined || (leaf.gate !== 0 && s.hitEpoch[id] !== s.epoch)) return false;
  const matched = leaf.collects ? collect(id, leaf, leaf.pattern, text, s) : run(leaf.pattern, text, s);
  s.ranEpoch[id] = s.epoch;
  s.ranResult[id] = matched ? 1 : 0;
  return matched;
}

function run(pattern: Pattern, text: string, s: Scratch): boolean {
  s.beforePattern();
  const matched = testPattern(pattern, text);
  s.afterPattern();
  if (matched === undefined) s.skipped = true;
  return matched ?? false;
}

function collect(id: number, leaf: Leaf, pattern: Pattern, text: string, s: Scratch): boolean {
  s.beforePattern();
  const places = findPattern(pattern, text, leaf.group);
  s.afterPattern();
  if (places === undefined) s.skipped = true;
  s.places[id] = places ?? [];
  // An empty match has no place to show and still is a match.
  return s.places[id]!.length > 0 || (places !== undefined && run(pattern, text, s));
}

function findLeaf(id: number, s: Scratch): readonly number[] {
  if (!testLeaf(id, s)) return NO_PLACES;
  return s.compiled.leaves[id]!.pattern === null ? tidy(s.places[id]!) : s.places[id]!;
}

/** Sorted by start, then end, without repetition. */
function tidy(places: readonly number[]): readonly number[] {
  let ordered = true;
  for (let i = 2; i < places.length && ordered; i += 2) {
    ordered = places[i]! > places[i - 2]! || (places[i] === places[i - 2] && places[i + 1]! > places[i - 1]!);
  }
  if (ordered) return places;
  const pairs: [number, number][] = [];
  for (let i = 0; i < places.length; i += 2) pairs.push([places[i]!, places[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return pairs.filter((one, i) => i === 0 || one[0] !== pairs[i - 1]![0] || one[1] !== pairs[i - 1]![1]).flat();
}

function joined(lists: readonly (readonly number[])[]): readonly number[] {
  const filled = lists.filter((list) => list.length > 0);
  return filled.length <= 1 ? (filled[0] ?? NO_PLACES) : tidy(filled.flat());
}

/** Each pair that is near enough gives the stretch from its first to its last character. */
function findNear(node: Extract<PlanNode, { kind: 'near' }>, s: Scratch): readonly number[] {
  const firsts = findNode(node.first, s);
  if (firsts.length === 0) return NO_PLACES;
  const seconds = findNode(node.second, s);
  const tokens = s.tokens[node.field]!;
  const out: number[] = [];
  for (let i = 0; i < firsts.length; i += 2) {
    for (let j = 0; j < seconds.length && out.length < 2 * LIMITS.ruleMatchesMax; j += 2) {
      const [a, b] = [firsts[i]!, firsts[i + 1]!];
      const [c, d] = [seconds[j]!, seconds[j + 1]!];
      const forward = b <= c;
      if (!forward && (node.ordered || d > a)) continue;
      const [from, to] = forward ? [b, c] : [d, a];
      const between = node.words ? wordsBefore(tokens, to) - wordsBefore(tokens, from) : to - from;
      if (between <= node.window) out.push(Math.min(a, c), Math.max(b, d));
    }
  }
  return tidy(out);
}

function findWithin(node: Extract<PlanNode, { kind: 'within' }>, s: Scratch): readonly number[] {
  const path = s.compiled.fields[node.field]!.path.join('.');
  const regions = (s.task.regions ?? []).filter((one) => one.label === node.region && (one.field ?? path) === path);
  if (regions.length === 0) return NO_PLACES;
  const places = findNode(node.of, s);
  const out: number[] = [];
  for (let i = 0; i < places.length; i += 2) {
    const [start, end] = [places[i]!, places[i + 1]!];
    if (regions.some((one) => one.start <= start && end <= one.end)) out.push(start, end);
  }
  return out;
}
