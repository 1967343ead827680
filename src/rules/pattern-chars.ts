/** Which characters a leaf of a regular expression matches, as JavaScript defines it for its flags. */
import type { AST } from '@eslint-community/regexpp';
import {
  ALL,
  ASCII_WORD,
  type CharSet,
  complement,
  DIGIT,
  EMPTY,
  LINE_ENDS,
  normalise,
  POINT_MAX,
  SPACE,
  single,
  union,
} from './charset.ts';

export interface PatternFlags {
  readonly ignoreCase: boolean;
  readonly unicode: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
}

export type CharLeaf = AST.Character | AST.CharacterClass | AST.CharacterSet;

/** The code points that the leaf matches, closed under case where the flags say so. */
export function leafChars(leaf: CharLeaf, flags: PatternFlags): CharSet {
  if (leaf.type === 'CharacterClass') {
    let set = EMPTY;
    for (const element of leaf.elements) set = union(set, caseClosed(elementChars(element, flags), flags));
    return leaf.negate ? complement(set) : set;
  }
  return caseClosed(elementChars(leaf, flags), flags);
}

function elementChars(
  element: AST.CharacterClassElement | AST.Character | AST.CharacterSet,
  flags: PatternFlags,
): CharSet {
  switch (element.type) {
    case 'Character':
      return single(element.value);
    case 'CharacterClassRange':
      return [element.min.value, element.max.value];
    case 'CharacterSet':
      return setChars(element, flags);
    default:
      // Only the `v` flag has nested classes, and rules do not take it.
      return ALL;
  }
}

function setChars(set: AST.CharacterSet, flags: PatternFlags): CharSet {
  switch (set.kind) {
    case 'any':
      return flags.dotAll ? ALL : complement(LINE_ENDS);
    case 'digit':
      return set.negate ? complement(DIGIT) : DIGIT;
    case 'space':
      return set.negate ? complement(SPACE) : SPACE;
    case 'word': {
      // With both flags, `\w` also takes the two characters that fold onto "s" and "k".
      const word =
        flags.unicode && flags.ignoreCase ? normalise([...ASCII_WORD, 0x17f, 0x17f, 0x212a, 0x212a]) : ASCII_WORD;
      return set.negate ? complement(word) : word;
    }
    case 'property':
      return namedChars(set.raw);
  }
}

const propertyCache = new Map<string, CharSet>();
/** Planes 4 to 13 hold no character and the private planes behave as one block, so one probe each is enough. */
const PROBED_MAX = 0x3ffff;

/** Characters of a property or class as it is written in a pattern with the `u` flag. */
export function namedChars(raw: string): CharSet {
  const known = propertyCache.get(raw);
  if (known) return known;
  const pattern = new RegExp(`^${raw}$`, 'u');
  const out: number[] = [];
  for (let point = 0; point <= PROBED_MAX; point++) {
    if (!pattern.test(String.fromCodePoint(point))) continue;
    if (out.length > 0 && out[out.length - 1] === point - 1) out[out.length - 1] = point;
    else out.push(point, point);
  }
  for (const [lo, hi] of [
    [0x40000, 0xe00ff],
    [0xe0100, 0xe01ef],
    [0xe01f0, 0xeffff],
    [0xf0000, POINT_MAX],
  ] as const) {
    if (pattern.test(String.fromCodePoint(lo))) out.push(lo, hi);
  }
  const set = normalise(out);
  propertyCache.set(raw, set);
  return set;
}

interface CaseClasses {
  /** Points that have a case variant, ascending. */
  readonly points: Int32Array;
  readonly variants: ReadonlyMap<number, readonly number[]>;
}

const caseCache = new Map<boolean, CaseClasses>();

/** Adds the case variants of every member. */
function caseClosed(set: CharSet, flags: PatternFlags): CharSet {
  if (!flags.ignoreCase || set.length === 0 || set === ALL) return set;
  const { points, variants } = caseClasses(flags.unicode);
  const extra: number[] = [];
  for (let i = 0; i < set.length; i += 2) {
    for (let at = lowerBound(points, set[i]!); at < points.length && points[at]! <= set[i + 1]!; at++) {
      for (const other of variants.get(points[at]!)!) extra.push(other, other);
    }
  }
  return extra.length === 0 ? set : normalise([...set, ...extra]);
}

/** The Canonicalize step of the standard: to upper case without `u`, simple folding with it. */
function canonical(point: number, unicode: boolean): number {
  const char = String.fromCodePoint(point);
  const upper = char.toUpperCase();
  const up = [...upper].length === 1 ? upper.codePointAt(0)! : point;
  if (!unicode) return point >= 128 && up < 128 ? point : up;
  if (point === 0x131) return point;
  const lower = String.fromCodePoint(up).toLowerCase();
  return [...lower].length === 1 ? lower.codePointAt(0)! : up;
}

function caseClasses(unicode: boolean): CaseClasses {
  const known = caseCache.get(unicode);
  if (known) return known;
  const groups = new Map<number, number[]>();
  const last = unicode ? 0x1ffff : 0xffff;
  for (let point = 0; point <= last; point++) {
    const key = canonical(point, unicode);
    const group = groups.get(key);
    if (group) group.push(point);
    else groups.set(key, [point]);
  }
  const variants = new Map<number, readonly number[]>();
  for (const group of groups.values()) {
    if (group.length > 1) for (const point of group) variants.set(point, group);
  }
  const made = { points: Int32Array.from(variants.keys()).sort(), variants };
  caseCache.set(unicode, made);
  return made;
}

function lowerBound(values: Int32Array, wanted: number): number {
  let lo = 0;
  let hi = values.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (values[mid]! < wanted) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
