/**
 * The position automaton (Glushkov 1961) of a regular expression: one state per character leaf, an edge where one can
 * follow the other, with how many ways there are to do so. Assertions are passed over, which only adds words.
 */
import type { AST } from '@eslint-community/regexpp';
import { ALL, type CharSet } from './charset.ts';
import { leafChars, type PatternFlags } from './pattern-chars.ts';

export interface Automaton {
  /** Characters of each state. */
  readonly chars: readonly CharSet[];
  /** Successors of each state, without repetition. */
  readonly follow: readonly (readonly number[])[];
  /** `state * size + next` of edges that exist in two or more ways: ambiguity that the edges alone do not show. */
  readonly doubled: ReadonlySet<number>;
  readonly size: number;
  /** A repetition of something that may be empty, more often than it is unrolled: exponential for a backtracker. */
  readonly repeatsEmpty: boolean;
}

/** Bounded repetitions are unrolled up to here; longer ones are treated as unbounded, which is on the safe side. */
const COPIES_MAX = 8;
/** More leaves than this are not analysed. */
export const STATES_MAX = 600;

interface Fragment {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly nullable: boolean;
}

const NOTHING: Fragment = { first: [], last: [], nullable: true };

export class TooLarge extends Error {}

/** Throws TooLarge beyond STATES_MAX leaves. `search` puts a loop over any character in front, as an unanchored search does. */
export function buildAutomaton(pattern: AST.Pattern, flags: PatternFlags, search: boolean): Automaton {
  const chars: CharSet[] = [];
  const edges: Map<number, number>[] = [];
  let repeatsEmpty = false;

  const leaf = (set: CharSet): Fragment => {
    if (chars.length >= STATES_MAX) throw new TooLarge();
    chars.push(set);
    edges.push(new Map());
    return { first: [chars.length - 1], last: [chars.length - 1], nullable: false };
  };
  const link = (from: readonly number[], to: readonly number[]): void => {
    for (const a of from) for (const b of to) edges[a]!.set(b, (edges[a]!.get(b) ?? 0) + 1);
  };
  const join = (a: Fragment, b: Fragment): Fragment => {
    link(a.last, b.first);
    return {
      first: a.nullable ? [...a.first, ...b.first] : a.first,
      last: b.nullable ? [...a.last, ...b.last] : b.last,
      nullable: a.nullable && b.nullable,
    };
  };
  const loop = (a: Fragment): Fragment => {
    link(a.last, a.first);
    return a;
  };
  const optional = (a: Fragment): Fragment => ({ ...a, nullable: true });

  const choice = (alternatives: readonly AST.Alternative[]): Fragment => {
    const parts = alternatives.map((one) => one.elements.reduce((left, e) => join(left, build(e)), NOTHING));
    return {
      first: parts.flatMap((one) => one.first),
      last: parts.flatMap((one) => one.last),
      nullable: parts.some((one) => one.nullable),
    };
  };

  const repeat = (node: AST.Quantifier): Fragment => {
    const { min, max } = node;
    if (max === 0) return NOTHING;
    const unbounded = max > COPIES_MAX;
    if (unbounded && max !== Number.POSITIVE_INFINITY && build(node.element).nullable) repeatsEmpty = true;
    let whole = NOTHING;
    const fixed = Math.min(min, COPIES_MAX);
    for (let i = 1; i < fixed; i++) whole = join(whole, build(node.element));
    if (unbounded) {
      const body = loop(build(node.element));
      return join(whole, min === 0 ? optional(body) : body);
    }
    if (fixed > 0) whole = join(whole, build(node.element));
    let tail = NOTHING;
    for (let i = fixed; i < max; i++) tail = optional(join(build(node.element), tail));
    return join(whole, tail);
  };

  const build = (node: AST.Element): Fragment => {
    switch (node.type) {
      case 'Character':
      case 'CharacterClass':
      case 'CharacterSet':
        return leaf(leafChars(node, flags));
      case 'Group':
      case 'CapturingGroup':
        return choice(node.alternatives);
      case 'Quantifier':
        return repeat(node);
      case 'Assertion':
        // What a look-around reads is entered and then forgotten.
        if (node.kind === 'lookahead' || node.kind === 'lookbehind') {
          return { first: choice(node.alternatives).first, last: [], nullable: true };
        }
        return NOTHING;
      default:
        return optional(loop(leaf(ALL)));
    }
  };

  const prefix = search ? optional(loop(leaf(ALL))) : NOTHING;
  const body = choice(pattern.alternatives);
  join(prefix, body);
  const size = chars.length;
  if (!pattern.alternatives.some(({ elements }) => elements.slice(1).some(hasAssertion))) {
    for (const state of sureTail(new Set(body.last), edges)) edges[state]!.clear();
  }
  const doubled = new Set<number>();
  edges.forEach((targets, from) => {
    for (const [to, ways] of targets) if (ways > 1) doubled.add(from * size + to);
  });
  return { chars, follow: edges.map((targets) => [...targets.keys()]), doubled, size, repeatsEmpty };
}

function hasAssertion(element: AST.Element): boolean {
  if (element.type === 'Assertion') return true;
  if (element.type === 'Quantifier') return hasAssertion(element.element);
  return 'alternatives' in element && element.alternatives.some((one) => one.elements.some(hasAssertion));
}

/** States from which every way on accepts: once there, a match cannot fail any more, so there is nothing to go back for. */
function sureTail(accepting: ReadonlySet<number>, edges: readonly ReadonlyMap<number, number>[]): Set<number> {
  const sure = new Set(accepting);
  for (let changed = true; changed; ) {
    changed = false;
    for (const state of sure) {
      if ([...edges[state]!.keys()].every((next) => sure.has(next))) continue;
      sure.delete(state);
      changed = true;
    }
  }
  return sure;
}
