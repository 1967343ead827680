/** The conditions of a rule document: what may stand under `when`, read into plain data. */
import { isMap, isNode, isScalar, isSeq, type Node, type Scalar, visit, type YAMLMap } from 'yaml';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import {
  asChoice,
  asCount,
  asFlag,
  asList,
  asMap,
  asNumber,
  asText,
  asTexts,
  checkKeys,
  child,
  fail,
  kindOf,
  type NodeLike,
  note,
  placeOf,
  type ReadContext,
} from './document-node.ts';
import { FACT_PATHS, factOf } from './facts.ts';
import { hasWord, isSearchable } from './literal.ts';
import { compilePattern } from './pattern.ts';
import type { Condition, Fold, KeywordMatch, PatternReport, ValueTest } from './rule.ts';

export interface ConditionContext extends ReadContext {
  readonly defaultField: string;
  readonly defaultFold: Fold;
  /** Words of a named list (a gazetteer file); undefined when there is no such list. */
  readonly list: (name: string) => readonly string[] | undefined;
  readonly patterns: PatternReport[];
  keywordsLeft: number;
}

type Reader = (ctx: ConditionContext, node: NodeLike, depth: number) => Condition;

const FOLDS: readonly Fold[] = ['none', 'case', 'diacritics'];
const MATCHES: readonly KeywordMatch[] = ['word', 'prefix', 'substring', 'phrase'];

const READERS: Readonly<Record<string, Reader>> = {
  keywords: (ctx, node) => keywords(ctx, node, 'word'),
  phrases: (ctx, node) => keywords(ctx, node, 'phrase'),
  regex,
  all: (ctx, node, depth) => ({ kind: 'all', of: conditions(ctx, node, 'all', depth) }),
  any: (ctx, node, depth) => ({ kind: 'any', of: conditions(ctx, node, 'any', depth) }),
  not: (ctx, node, depth) => ({ kind: 'not', of: readCondition(ctx, node, depth + 1) }),
  at_least: atLeast,
  count,
  near,
  within: (ctx, node, depth) => {
    const map = asMap(ctx, node, 'within');
    checkKeys(ctx, map, 'within', ['region', 'of']);
    return {
      kind: 'within',
      region: asText(ctx, child(map, 'region'), 'region'),
      of: readCondition(ctx, child(map, 'of'), depth + 1),
    };
  },
  field: (ctx, node) => {
    const map = asMap(ctx, node, 'field');
    checkKeys(ctx, map, 'field', ['path', ...TEST_KEYS]);
    return { kind: 'field', path: normalPath(asText(ctx, child(map, 'path'), 'path')), test: valueTest(ctx, map) };
  },
  fact: (ctx, node) => {
    const map = asMap(ctx, node, 'fact');
    checkKeys(ctx, map, 'fact', ['path', ...TEST_KEYS]);
    return { kind: 'fact', path: factPath(ctx, child(map, 'path')), test: valueTest(ctx, map) };
  },
  score: (ctx, node) => {
    const map = asMap(ctx, node, 'score');
    checkKeys(ctx, map, 'score', ['model', 'label', 'min', 'max']);
    const label = child(map, 'label');
    return {
      kind: 'score',
      model: asText(ctx, child(map, 'model'), 'model'),
      label: label ? asText(ctx, label, 'label') : '',
      test: valueTest(ctx, map),
    };
  },
};

export const CONDITION_KEYS: readonly string[] = Object.keys(READERS);

/** Reads a condition: a mapping with exactly one of CONDITION_KEYS. */
export function readCondition(ctx: ConditionContext, node: NodeLike, depth: number): Condition {
  if (depth > LIMITS.ruleDepthMax) fail(ctx, node, `Conditions nest deeper than ${LIMITS.ruleDepthMax}.`, 'LIMIT_SIZE');
  const map = asMap(ctx, node, 'A condition');
  checkKeys(ctx, map, 'A condition', CONDITION_KEYS);
  const [only, ...more] = map.items;
  if (!only || more.length > 0) fail(ctx, node, 'A condition has exactly one key; join several with `all` or `any`.');
  return readConditionOf(ctx, String(only.key.value), only.value ?? only.key, depth);
}

/** Reads the value of one of CONDITION_KEYS. */
export function readConditionOf(ctx: ConditionContext, key: string, value: NodeLike, depth: number): Condition {
  return READERS[key]!(ctx, value, depth);
}

function factPath(ctx: ConditionContext, node: NodeLike): string {
  const path = asText(ctx, node, 'path');
  if (factOf(path) !== undefined) return path;
  const known = FACT_PATHS.filter((one) => path.startsWith('exif') === one.startsWith('exif')).join(', ');
  return fail(ctx, node, `There is no fact '${path}'; there are ${known}${path.startsWith('exif') ? '' : ', exif.…'}.`);
}

function conditions(ctx: ConditionContext, node: NodeLike, what: string, depth: number): Condition[] {
  return asList(ctx, node, what).map((item) => readCondition(ctx, item, depth + 1));
}

function keywords(ctx: ConditionContext, node: NodeLike, match: KeywordMatch): Condition {
  const options = isMap(node) ? asMap(ctx, node, 'keywords') : undefined;
  if (options) checkKeys(ctx, options, 'keywords', ['words', 'list', 'match', 'fold', 'field']);
  const [own, list] = options ? [child(options, 'words'), child(options, 'list')] : [node, undefined];
  if (own && list) fail(ctx, list, 'Give either words or a list.');
  const listed = list !== undefined && !own;
  const source = listed ? list : own;
  const words = listed ? fromList(ctx, source) : asTexts(ctx, source, 'the keywords');
  const how = optional(options, 'match', (at) => asChoice(ctx, at, 'match', MATCHES)) ?? match;
  checkWords(ctx, source, words, how);
  return {
    kind: 'keywords',
    words: [...new Set(words.map((word) => word.trim()))],
    match: how,
    fold: optional(options, 'fold', (at) => asChoice(ctx, at, 'fold', FOLDS)) ?? ctx.defaultFold,
    field: fieldOf(ctx, options),
  };
}

function fromList(ctx: ConditionContext, node: NodeLike): readonly string[] {
  const name = asText(ctx, node, 'list');
  const words = ctx
    .list(name)
    ?.map((word) => word.trim())
    .filter((word) => word !== '');
  if (!words) fail(ctx, node, `There is no list '${name}'.`);
  if (words.length === 0) fail(ctx, node, `The list '${name}' is empty.`);
  return words;
}

function checkWords(ctx: ConditionContext, node: NodeLike, words: readonly string[], match: KeywordMatch): void {
  ctx.keywordsLeft -= words.length;
  if (ctx.keywordsLeft < 0) fail(ctx, node, `More than ${LIMITS.ruleKeywordsMax} keywords in all.`, 'LIMIT_SIZE');
  words.forEach((word, i) => {
    const at = isSeq(node) ? (node.items[i] as NodeLike) : node;
    if (word.length > LIMITS.ruleKeywordCharsMax) {
      const message = `A keyword has ${word.length} characters; at most ${LIMITS.ruleKeywordCharsMax} are allowed.`;
      fail(ctx, at, message, 'LIMIT_SIZE');
    }
    if (!isSearchable(word) || (match === 'phrase' && !hasWord(word))) {
      fail(ctx, at, `The keyword '${word}' holds nothing to look for.`);
    }
  });
}

function regex(ctx: ConditionContext, node: NodeLike): Condition {
  const options = isMap(node) ? asMap(ctx, node, 'regex') : undefined;
  if (options) checkKeys(ctx, options, 'regex', ['pattern', 'flags', 'field']);
  const at = options ? child(options, 'pattern') : node;
  const pattern = asText(ctx, at, 'The pattern');
  // `flags: ""` asks for none, so the empty text is allowed here.
  const flagNode = options ? child(options, 'flags') : undefined;
  const flags = isScalar(flagNode) && flagNode.value === '' ? '' : flagNode ? asText(ctx, flagNode, 'flags') : 'i';
  try {
    const { verdict } = compilePattern(pattern, flags);
    if (verdict.safety !== 'linear')
      note(ctx, at, verdict.reason, { code: 'RULE_UNSAFE_PATTERN', severity: 'warning' });
    ctx.patterns.push({ rule: ctx.rule, line: placeOf(ctx, at).line, pattern, verdict });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    fail(
      ctx,
      at,
      error.message,
      error.code as 'RULE_BAD_PATTERN',
      offsetInSource(at, Number(error.details.offset ?? 0)),
    );
  }
  return { kind: 'regex', pattern, flags, field: fieldOf(ctx, options) };
}

/** Offset inside the written text; exact where the text stands as it is, its start where escapes have shifted it. */
function offsetInSource(node: NodeLike, offset: number): number {
  if (!isScalar(node) || typeof node.source !== 'string' || !node.range) return 0;
  if (node.source.length !== String(node.value).length) return 0;
  if (node.type === 'PLAIN') return offset;
  const written = node.range[1] - node.range[0];
  return written === node.source.length + 2 ? offset + 1 : 0;
}

function atLeast(ctx: ConditionContext, node: NodeLike, depth: number): Condition {
  const map = asMap(ctx, node, 'at_least');
  checkKeys(ctx, map, 'at_least', ['min', 'of']);
  const of = conditions(ctx, child(map, 'of'), 'of', depth);
  const min = asCount(ctx, child(map, 'min'), 'min', 1);
  if (min > of.length) fail(ctx, child(map, 'min'), `min is ${min}, but there are only ${of.length} conditions.`);
  return { kind: 'atLeast', min, of };
}

function count(ctx: ConditionContext, node: NodeLike, depth: number): Condition {
  const map = asMap(ctx, node, 'count');
  checkKeys(ctx, map, 'count', ['min', 'max', 'of']);
  const min = optional(map, 'min', (at) => asCount(ctx, at, 'min', 0)) ?? 1;
  const max = optional(map, 'max', (at) => asCount(ctx, at, 'max', 0)) ?? LIMITS.ruleMatchesMax;
  if (min > max) fail(ctx, child(map, 'max') ?? node, `max (${max}) is below min (${min}).`);
  const of = readCondition(ctx, child(map, 'of'), depth + 1);
  needsMatches(ctx, child(map, 'of'), of, 'count');
  return { kind: 'count', min, max, of };
}

function near(ctx: ConditionContext, node: NodeLike, depth: number): Condition {
  const map = asMap(ctx, node, 'near');
  checkKeys(ctx, map, 'near', ['first', 'second', 'window', 'unit', 'ordered']);
  const first = readCondition(ctx, child(map, 'first'), depth + 1);
  const second = readCondition(ctx, child(map, 'second'), depth + 1);
  needsMatches(ctx, child(map, 'first'), first, 'near');
  needsMatches(ctx, child(map, 'second'), second, 'near');
  return {
    kind: 'near',
    first,
    second,
    window: asCount(ctx, child(map, 'window'), 'window', 0),
    unit: optional(map, 'unit', (at) => asChoice(ctx, at, 'unit', ['words', 'chars'] as const)) ?? 'words',
    ordered: optional(map, 'ordered', (at) => asFlag(ctx, at, 'ordered')) ?? false,
  };
}

/** Places in one text can only be compared within that text. */
function needsMatches(ctx: ConditionContext, node: NodeLike, condition: Condition, what: string): void {
  if (matchFields(condition).size === 1) return;
  fail(
    ctx,
    node,
    `${what} needs conditions that match text in one field: keywords, phrases, regex, or any/near/within of them.`,
  );
}

/** Fields in which a condition has matches with places. */
export function matchFields(condition: Condition): Set<string> {
  switch (condition.kind) {
    case 'keywords':
    case 'regex':
      return new Set([condition.field]);
    case 'all':
    case 'any':
    case 'atLeast':
      return new Set(condition.of.flatMap((one) => [...matchFields(one)]));
    case 'within':
    case 'count':
      return matchFields(condition.of);
    case 'near':
      return new Set([...matchFields(condition.first), ...matchFields(condition.second)]);
    default:
      return new Set();
  }
}

const TEST_KEYS = ['equals', 'in', 'min', 'max', 'after', 'before', 'exists', 'length'] as const;

function valueTest(ctx: ConditionContext, map: YAMLMap<Scalar, Node | null>): ValueTest {
  const length = child(map, 'length');
  const bounds = length ? asMap(ctx, length, 'length') : undefined;
  if (bounds) checkKeys(ctx, bounds, 'length', ['min', 'max']);
  const test: ValueTest = stripUndefined({
    equals: optional(map, 'equals', (at) => plain(ctx, at)),
    in: optional(map, 'in', (at) => asList(ctx, at, 'in').map((one) => plain(ctx, one))),
    min: optional(map, 'min', (at) => asNumber(ctx, at, 'min')),
    max: optional(map, 'max', (at) => asNumber(ctx, at, 'max')),
    after: optional(map, 'after', (at) => asTime(ctx, at, 'after')),
    before: optional(map, 'before', (at) => asTime(ctx, at, 'before')),
    exists: optional(map, 'exists', (at) => asFlag(ctx, at, 'exists')),
    lengthMin: optional(bounds, 'min', (at) => asCount(ctx, at, 'min', 0)),
    lengthMax: optional(bounds, 'max', (at) => asCount(ctx, at, 'max', 0)),
  });
  if (Object.keys(test).length === 0) fail(ctx, map, `Say what is asked of the value: ${TEST_KEYS.join(', ')}.`);
  return test;
}

function asTime(ctx: ConditionContext, node: NodeLike, what: string): string {
  const text = asText(ctx, node, what);
  return Number.isNaN(Date.parse(text))
    ? fail(ctx, node, `${what} must be a date such as 2024-05-31, not '${text}'.`)
    : text;
}

function plain(ctx: ConditionContext, node: NodeLike): Json {
  if (!isNode(node)) return null;
  visit(node, { Alias: (_, alias) => fail(ctx, alias, `A value must be written out, not be ${kindOf(alias)}.`) });
  return (node as { toJSON(): Json }).toJSON() ?? null;
}

function stripUndefined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;
}

function optional<T>(
  map: YAMLMap<Scalar, Node | null> | undefined,
  key: string,
  read: (node: NodeLike) => T,
): T | undefined {
  const node = map === undefined ? undefined : child(map, key);
  return node === undefined ? undefined : read(node);
}

function fieldOf(ctx: ConditionContext, map: YAMLMap<Scalar, Node | null> | undefined): string {
  return optional(map, 'field', (at) => normalPath(asText(ctx, at, 'field'))) ?? ctx.defaultField;
}

/** `text` means `data.text`. */
export function normalPath(path: string): string {
  return /^(data|meta)(\.|$)/.test(path) ? path : `data.${path}`;
}
