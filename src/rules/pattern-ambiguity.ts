/**
 * How badly a backtracking engine can behave on a pattern, from the ambiguity of its automaton: exponential when some
 * state can return to itself in two ways on the same word, polynomial when one loop can be left for a later one on a word
 * that keeps both turning (Weber and Seidl 1991; Allauzen, Mohri and Rastogi 2008). Deterministic; no fuzzing, no clock.
 */
import { overlaps } from './charset.ts';
import { components } from './graph.ts';
import type { Automaton } from './pattern-automaton.ts';

export interface Ambiguity {
  readonly growth: 'linear' | 'polynomial' | 'exponential';
  /** Exponent of the polynomial; 1 when linear. */
  readonly degree: number;
}

/** Edges of product automata looked at before giving up; about 50 ms. */
const WORK_MAX = 2_000_000;

class OutOfWork extends Error {}

/** A pattern too tangled to analyse counts as exponential: the linear engine takes it. */
export function ambiguityOf(automaton: Automaton): Ambiguity {
  if (automaton.repeatsEmpty) return { growth: 'exponential', degree: Number.POSITIVE_INFINITY };
  try {
    return analyse(automaton);
  } catch (error) {
    if (error instanceof OutOfWork) return { growth: 'exponential', degree: Number.POSITIVE_INFINITY };
    throw error;
  }
}

function analyse(automaton: Automaton): Ambiguity {
  const { size, follow, doubled } = automaton;
  const component = components(size, (state) => follow[state]!);
  const count = size === 0 ? 0 : Math.max(...component) + 1;
  const members: number[][] = Array.from({ length: count }, () => []);
  for (let state = 0; state < size; state++) members[component[state]!]!.push(state);
  const cyclic = members.map((states) => states.length > 1 || follow[states[0]!]!.includes(states[0]!));
  const meets = overlapTable(automaton);
  let work = 0;
  const spend = (): void => {
    if (++work > WORK_MAX) throw new OutOfWork();
  };

  for (const edge of doubled) {
    if (component[Math.floor(edge / size)] === component[edge % size]) return exponential();
  }
  for (let c = 0; c < count; c++) {
    if (cyclic[c] && twoWaysBack(automaton, members[c]!, component, meets, spend)) return exponential();
  }

  // Longest chain of loops, each of which can hand over to the next while both keep turning. Successors come first.
  const chain = new Int32Array(count);
  for (let c = 0; c < count; c++) {
    const later = reachable(members[c]!, follow, component);
    for (let d = 0; d < c; d++) {
      if (!later.has(d)) continue;
      const hands =
        cyclic[c] &&
        cyclic[d] &&
        chain[d]! + 1 > chain[c]! &&
        handsOver(automaton, members[c]!, members[d]!, component, meets, spend);
      chain[c] = Math.max(chain[c]!, hands ? chain[d]! + 1 : 0);
    }
    if (cyclic[c]) chain[c] = Math.max(chain[c]!, 1);
  }
  const degree = chain.reduce((a, b) => Math.max(a, b), 1);
  return { growth: degree > 1 ? 'polynomial' : 'linear', degree };
}

function exponential(): Ambiguity {
  return { growth: 'exponential', degree: Number.POSITIVE_INFINITY };
}

/** (size x size) 1 where two states share a character. */
function overlapTable({ size, chars }: Automaton): Uint8Array {
  const table = new Uint8Array(size * size);
  for (let a = 0; a < size; a++) {
    for (let b = a; b < size; b++) {
      if (overlaps(chars[a]!, chars[b]!)) table[a * size + b] = table[b * size + a] = 1;
    }
  }
  return table;
}

function reachable(from: readonly number[], follow: Automaton['follow'], component: Int32Array): Set<number> {
  const seen = new Set(from);
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    for (const next of follow[state]!) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(next);
    }
  }
  return new Set([...seen].map((state) => component[state]!));
}

/** Is a pair of different states on a cycle through a pair of equal ones, inside one component? */
function twoWaysBack(
  { size, follow }: Automaton,
  states: readonly number[],
  component: Int32Array,
  meets: Uint8Array,
  spend: () => void,
): boolean {
  const home = component[states[0]!]!;
  const ids = new Map<number, number>();
  const pairs: number[] = [];
  const visit = (pair: number): number => {
    const known = ids.get(pair);
    if (known !== undefined) return known;
    ids.set(pair, pairs.length);
    pairs.push(pair);
    return pairs.length - 1;
  };
  for (const state of states) visit(state * size + state);
  const edges: number[][] = [];
  for (let id = 0; id < pairs.length; id++) {
    const a = Math.floor(pairs[id]! / size);
    const b = pairs[id]! % size;
    const out: number[] = [];
    for (const x of follow[a]!) {
      if (component[x] !== home) continue;
      for (const y of follow[b]!) {
        spend();
        if (component[y] === home && meets[x * size + y]) out.push(visit(x * size + y));
      }
    }
    edges.push(out);
  }
  const group = components(pairs.length, (id) => edges[id]!);
  const diagonal = new Set<number>();
  for (let id = 0; id < states.length; id++) diagonal.add(group[id]!);
  for (let id = states.length; id < pairs.length; id++) if (diagonal.has(group[id]!)) return true;
  return false;
}

/** Is there a word on which p stays at p, p moves to q, and q stays at q? */
function handsOver(
  automaton: Automaton,
  early: readonly number[],
  late: readonly number[],
  component: Int32Array,
  meets: Uint8Array,
  spend: () => void,
): boolean {
  for (const p of early) {
    for (const q of late) if (meetsOnOneWord(automaton, p, q, component, meets, spend)) return true;
  }
  return false;
}

function meetsOnOneWord(
  { size, follow, chars }: Automaton,
  p: number,
  q: number,
  component: Int32Array,
  meets: Uint8Array,
  spend: () => void,
): boolean {
  const goal = (p * size + q) * size + q;
  const seen = new Set<number>();
  const open = [(p * size + p) * size + q];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const z = at % size;
    const y = Math.floor(at / size) % size;
    const x = Math.floor(at / size / size);
    for (const x2 of follow[x]!) {
      if (component[x2] !== component[p]) continue;
      for (const y2 of follow[y]!) {
        if (!meets[x2 * size + y2]) continue;
        for (const z2 of follow[z]!) {
          spend();
          if (component[z2] !== component[q] || !meets[y2 * size + z2] || !meets[x2 * size + z2]) continue;
          if (!shareOne(chars[x2]!, chars[y2]!, chars[z2]!)) continue;
          const next = (x2 * size + y2) * size + z2;
          if (next === goal) return true;
          if (seen.has(next)) continue;
          seen.add(next);
          open.push(next);
        }
      }
    }
  }
  return false;
}

/** Pairwise overlap does not make three sets meet. */
function shareOne(a: readonly number[], b: readonly number[], c: readonly number[]): boolean {
  for (let i = 0; i < a.length; i += 2) {
    for (let j = 0; j < b.length; j += 2) {
      const lo = Math.max(a[i]!, b[j]!);
      const hi = Math.min(a[i + 1]!, b[j + 1]!);
      if (lo <= hi && overlaps([lo, hi], c)) return true;
    }
  }
  return false;
}
