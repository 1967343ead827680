/** A regular expression of a rule: read, judged, and bound to the engine that can run it without harm. */
import { type AST, RegExpParser, RegExpSyntaxError } from '@eslint-community/regexpp';
import type { RE2JS } from 're2js';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { type Ambiguity, ambiguityOf } from './pattern-ambiguity.ts';
import { buildAutomaton, TooLarge } from './pattern-automaton.ts';
import type { PatternFlags } from './pattern-chars.ts';
import { linearPattern, NotTranslatable } from './pattern-linear.ts';
import { type Clause, requiredClauses } from './pattern-required.ts';

/** What was found out about a pattern when it was saved. */
export interface PatternVerdict {
  /**
   * `linear`: V8 at any length. `polynomial`: V8 up to `backtrackChars`, the linear engine beyond. `exponential`: the
   * linear engine only. `watched`: look-around or a back-reference, so V8 only, up to `backtrackChars`, and a pool must
   * watch it.
   */
  readonly safety: 'linear' | 'polynomial' | 'exponential' | 'watched';
  /** Exponent of the worst case; 1 when linear, Infinity when exponential. */
  readonly degree: number;
  /** Longest text given to V8. */
  readonly backtrackChars: number;
  /** Longest text that is matched at all; longer ones get no vote and are counted. */
  readonly charsMax: number;
  /** One sentence for people. */
  readonly reason: string;
}

export interface Pattern {
  readonly source: string;
  readonly flags: string;
  readonly verdict: PatternVerdict;
  readonly required: readonly Clause[];
  /** Named groups and their numbers. */
  readonly groups: ReadonlyMap<string, number>;
  readonly groupCount: number;
  /** For V8; null when only the linear engine may run it. */
  readonly regexp: RegExp | null;
  /** For the linear engine; null when it cannot express the pattern. */
  readonly linear: (() => RE2JS) | null;
}

/** Degrees up to here may run in V8, each with the longest text it is given: 4,000 characters squared are about 10 ms. */
const BACKTRACK_CHARS: Readonly<Record<number, number>> = { 2: LIMITS.ruleBacktrackCharsMax, 3: 1_000, 4: 500 };
const FLAGS_ALLOWED = 'imsu';
const parser = new RegExpParser({ ecmaVersion: 2025 });

/**
 * Reads and judges a pattern.
 * @throws RULE_BAD_PATTERN when it is not a regular expression, with `offset` in details;
 * RULE_UNSAFE_PATTERN when it may take exponential time and the linear engine cannot express it.
 */
export function compilePattern(source: string, flagText: string): Pattern {
  if (source.length > LIMITS.rulePatternCharsMax) {
    throw badPattern(
      `The pattern has ${source.length} characters; at most ${LIMITS.rulePatternCharsMax} are allowed.`,
      0,
    );
  }
  const flags = readFlags(flagText);
  const tree = parse(source, flags);
  const features = featuresOf(tree);
  const verdict = judge(tree, flags, features);
  let linear: (() => RE2JS) | null = null;
  if (verdict.safety !== 'linear' && verdict.safety !== 'watched') linear = linearOrThrow(tree, flags, verdict);
  return {
    source,
    flags: flagText,
    verdict,
    required: requiredClauses(tree, flags),
    groups: features.groups,
    groupCount: features.groupCount,
    regexp: verdict.backtrackChars > 0 ? new RegExp(source, flagText) : null,
    linear,
  };
}

function readFlags(text: string): PatternFlags {
  const odd = [...text].find((flag, i) => !FLAGS_ALLOWED.includes(flag) || text.indexOf(flag) !== i);
  if (odd !== undefined) throw badPattern(`Flag '${odd}' is not allowed or repeated; rules take i, m, s and u.`, 0);
  return {
    ignoreCase: text.includes('i'),
    unicode: text.includes('u'),
    multiline: text.includes('m'),
    dotAll: text.includes('s'),
  };
}

function parse(source: string, flags: PatternFlags): AST.Pattern {
  try {
    const tree = parser.parsePattern(source, 0, source.length, { unicode: flags.unicode });
    // The engine has the last word on what is a pattern.
    new RegExp(source, flags.unicode ? 'u' : '');
    return tree;
  } catch (error) {
    const offset = error instanceof RegExpSyntaxError ? error.index : 0;
    const text = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : String(error);
    throw badPattern(`Not a regular expression: ${text}.`, offset, error);
  }
}

function badPattern(message: string, offset: number, cause?: unknown): AppError {
  return new AppError('RULE_BAD_PATTERN', message, { details: { offset }, cause });
}

interface Features {
  readonly lookaround: boolean;
  readonly backreference: boolean;
  readonly modifiers: boolean;
  readonly groups: ReadonlyMap<string, number>;
  readonly groupCount: number;
  /** Every alternative starts at the start of the text, so a search tries one place only. */
  readonly anchored: boolean;
}

function featuresOf(tree: AST.Pattern): Features {
  let [lookaround, backreference, modifiers, groupCount] = [false, false, false, 0];
  const groups = new Map<string, number>();
  const visit = (element: AST.Element): void => {
    if (element.type === 'Backreference') backreference = true;
    if (element.type === 'Group' && element.modifiers) modifiers = true;
    if (element.type === 'CapturingGroup') {
      groupCount++;
      if (element.name !== null) groups.set(element.name, groupCount);
    }
    if (element.type === 'Quantifier') visit(element.element);
    if (element.type === 'Assertion' && 'alternatives' in element) lookaround = true;
    if ('alternatives' in element) for (const one of element.alternatives) one.elements.forEach(visit);
  };
  for (const one of tree.alternatives) one.elements.forEach(visit);
  const starts = ({ elements: [first] }: AST.Alternative): boolean =>
    first?.type === 'Assertion' && first.kind === 'start';
  return { lookaround, backreference, modifiers, groups, groupCount, anchored: tree.alternatives.every(starts) };
}

function judge(tree: AST.Pattern, flags: PatternFlags, features: Features): PatternVerdict {
  if (features.modifiers)
    throw badPattern('Inline flags such as (?i:...) are not supported; use the flags of the rule.', 0);
  const { growth, degree } = measure(tree, flags, features.anchored && !flags.multiline);
  const tooSteep = growth === 'exponential' || (BACKTRACK_CHARS[degree] ?? 0) === 0;
  if (features.lookaround || features.backreference) {
    const what = features.lookaround ? 'look-around' : 'a back-reference';
    if (growth === 'exponential') throw unsafe(`it uses ${what}`);
    const chars = BACKTRACK_CHARS[degree] ?? (degree === 1 ? LIMITS.ruleBacktrackCharsMax : 200);
    const reason = `Uses ${what}: runs under a watchdog, on texts of up to ${chars} characters.`;
    return { safety: 'watched', degree, backtrackChars: chars, charsMax: chars, reason };
  }
  if (growth === 'linear') {
    return {
      safety: 'linear',
      degree,
      backtrackChars: Number.POSITIVE_INFINITY,
      charsMax: Number.POSITIVE_INFINITY,
      reason: 'Takes linear time.',
    };
  }
  const charsMax = LIMITS.ruleLinearEngineCharsMax;
  if (growth === 'exponential' || tooSteep) {
    const how = growth === 'exponential' ? 'exponential time' : `time of degree ${degree}`;
    return {
      safety: 'exponential',
      degree,
      backtrackChars: 0,
      charsMax,
      reason: `May take ${how}: runs in the slower linear-time engine.`,
    };
  }
  const chars = BACKTRACK_CHARS[degree]!;
  const reason = `May take time of degree ${degree}: texts over ${chars} characters go to the slower linear-time engine.`;
  return { safety: 'polynomial', degree, backtrackChars: chars, charsMax, reason };
}

function measure(tree: AST.Pattern, flags: PatternFlags, anchored: boolean): Ambiguity {
  try {
    return ambiguityOf(buildAutomaton(tree, flags, !anchored));
  } catch (error) {
    if (error instanceof TooLarge) return { growth: 'exponential', degree: Number.POSITIVE_INFINITY };
    throw error;
  }
}

/** Translates now, so that an impossible pattern fails at save, and compiles in the linear engine on first use. */
function linearOrThrow(tree: AST.Pattern, flags: PatternFlags, verdict: PatternVerdict): () => RE2JS {
  let made: RE2JS | undefined;
  if (verdict.safety === 'exponential') {
    try {
      made = linearPattern(tree, flags);
    } catch (error) {
      if (error instanceof NotTranslatable) throw unsafe(`it uses ${error.message}`);
      throw error;
    }
  }
  return () => {
    made ??= linearPattern(tree, flags);
    return made;
  };
}

function unsafe(why: string): AppError {
  return new AppError(
    'RULE_UNSAFE_PATTERN',
    `The pattern may take exponential time and cannot run in the linear-time engine because ${why}; make nested repetitions exclusive.`,
    { details: { offset: 0 } },
  );
}
