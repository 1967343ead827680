/** Patterns for the linear-time engine: re2js, fed a translation in which every character class is spelled out. */
import type { AST } from '@eslint-community/regexpp';
import { RE2JS } from 're2js';
import { type CharSet, POINT_MAX } from './charset.ts';
import { leafChars, type PatternFlags } from './pattern-chars.ts';

/** RE2 refuses larger repeat counts. */
const REPEAT_MAX = 1_000;

export class NotTranslatable extends Error {}

/** JavaScript and RE2 differ in what `\s`, `.` and case folding mean; spelled-out classes mean the same in both. */
export function linearPattern(pattern: AST.Pattern, flags: PatternFlags): RE2JS {
  try {
    return RE2JS.compile(alternatives(pattern.alternatives, flags));
  } catch (error) {
    if (error instanceof NotTranslatable) throw error;
    throw new NotTranslatable(error instanceof Error ? error.message : String(error));
  }
}

function alternatives(list: readonly AST.Alternative[], flags: PatternFlags): string {
  return list.map((one) => one.elements.map((element) => translate(element, flags)).join('')).join('|');
}

function translate(element: AST.Element, flags: PatternFlags): string {
  switch (element.type) {
    case 'Character':
    case 'CharacterClass':
    case 'CharacterSet':
      return classText(leafChars(element, flags));
    case 'Group':
      return `(?:${alternatives(element.alternatives, flags)})`;
    case 'CapturingGroup':
      return `(${element.name === null ? '' : `?P<${element.name}>`}${alternatives(element.alternatives, flags)})`;
    case 'Quantifier':
      return `(?:${translate(element.element, flags)})${repeatText(element)}`;
    case 'Assertion':
      return assertion(element, flags);
    default:
      throw new NotTranslatable('a back-reference');
  }
}

function assertion(element: AST.Assertion, flags: PatternFlags): string {
  if (element.kind === 'lookahead' || element.kind === 'lookbehind') throw new NotTranslatable('a look-around');
  if (element.kind === 'word') return element.negate ? '\\B' : '\\b';
  // RE2 knows one line end, JavaScript four.
  if (flags.multiline) throw new NotTranslatable('line anchors under the m flag');
  return element.kind === 'start' ? '\\A' : '\\z';
}

function repeatText({ min, max, greedy }: AST.Quantifier): string {
  if (min > REPEAT_MAX || (max > REPEAT_MAX && max !== Number.POSITIVE_INFINITY)) {
    throw new NotTranslatable(`a repeat count over ${REPEAT_MAX}`);
  }
  const lazy = greedy ? '' : '?';
  if (max === Number.POSITIVE_INFINITY) return `${min === 0 ? '*' : min === 1 ? '+' : `{${min},}`}${lazy}`;
  return `{${min},${max}}${lazy}`;
}

function classText(set: CharSet): string {
  if (set.length === 0) return `[^\\x{0}-\\x{${POINT_MAX.toString(16)}}]`;
  let out = '';
  for (let i = 0; i < set.length; i += 2) {
    out += `\\x{${set[i]!.toString(16)}}`;
    if (set[i + 1]! > set[i]!) out += `-\\x{${set[i + 1]!.toString(16)}}`;
  }
  return `[${out}]`;
}
