/** Rule documents: YAML or JSON text -> rules with versions, or a list of problems with line and column. */
import { type Document, isScalar, LineCounter, type Node, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import { AppError } from '../core/errors.ts';
import { stableHash } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import {
  CONDITION_KEYS,
  type ConditionContext,
  matchFields,
  normalPath,
  readCondition,
  readConditionOf,
} from './document-condition.ts';
import {
  asChoice,
  asCount,
  asFlag,
  asList,
  asMap,
  asText,
  asTexts,
  BadNode,
  checkKeys,
  child,
  fail,
  kindOf,
  type NodeLike,
  note,
  placeOf,
} from './document-node.ts';
import { compilePattern } from './pattern.ts';
import type { Condition, PatternReport, Rule, RuleProblem, RuleSet, SpanOutput } from './rule.ts';

/** The one schema version that this program reads and writes. */
export const RULE_SCHEMA = 1;

export interface DocumentOptions {
  /** Labels that rules may vote for; without it any label goes. */
  readonly labels?: readonly string[];
  /** Words of the lists that `keywords: {list: NAME}` refers to, one word or phrase each. */
  readonly lists?: ReadonlyMap<string, readonly string[]>;
}

export interface DocumentCheck {
  /** The rules that are in order; with errors elsewhere, only these. */
  readonly set: RuleSet;
  /** In document order; warnings do not stop a document from being used. */
  readonly problems: readonly RuleProblem[];
  /** Each regular expression with how it will be run. */
  readonly patterns: readonly PatternReport[];
}

/**
 * Reads a document and reports everything that is wrong with it, one problem per rule; never throws for bad input.
 * Rules keep their order.
 */
export function checkRules(text: string, options: DocumentOptions = {}): DocumentCheck {
  const lines = new LineCounter();
  const problems: RuleProblem[] = [];
  const patterns: PatternReport[] = [];
  const ctx: ConditionContext = {
    lines,
    problems,
    patterns,
    rule: '',
    defaultField: 'data.text',
    defaultFold: 'case',
    list: (name) => options.lists?.get(name),
    keywordsLeft: LIMITS.ruleKeywordsMax,
  };
  const rules = readRules(ctx, text, options.labels);
  return { set: ruleSet(rules), problems, patterns };
}

/**
 * Reads a document that must be in order.
 * @throws the first problem as RULE_BAD_DOCUMENT, RULE_BAD_PATTERN, RULE_UNSAFE_PATTERN or LIMIT_SIZE, with line, column
 * and all problems in details.
 */
export function parseRules(text: string, options: DocumentOptions = {}): RuleSet {
  const { set, problems } = checkRules(text, options);
  const errors = problems.filter((one) => one.severity === 'error');
  const [first] = errors;
  if (!first) return set;
  const where = `line ${first.line}, column ${first.column}${first.rule ? `, rule '${first.rule}'` : ''}`;
  throw new AppError(first.code, `${first.message} (${where})`, {
    details: { line: first.line, column: first.column, rule: first.rule, problems: errors },
  });
}

/** A set of rules with the version that follows from theirs. */
export function ruleSet(rules: readonly Rule[]): RuleSet {
  const version = stableHash(rules.map((rule) => [rule.id, rule.version, rule.enabled])).slice(0, 12);
  return { schema: RULE_SCHEMA, rules, version };
}

/** First 12 hex digits of the hash of everything that decides what a rule votes. */
export function ruleVersion(rule: Omit<Rule, 'version'>): string {
  const { control, labels, when, spans, priority, veto } = rule;
  return stableHash({ schema: RULE_SCHEMA, control, labels, when, spans, priority, veto }).slice(0, 12);
}

function readRules(ctx: ConditionContext, text: string, labels: readonly string[] | undefined): Rule[] {
  if (text.length > LIMITS.ruleDocumentCharsMax) {
    const message = `The document has ${text.length} characters; at most ${LIMITS.ruleDocumentCharsMax} are allowed.`;
    ctx.problems.push({ severity: 'error', code: 'LIMIT_SIZE', message, line: 1, column: 1, rule: '' });
    return [];
  }
  const document = parseDocument(text, { lineCounter: ctx.lines, prettyErrors: false, uniqueKeys: true });
  const rules: Rule[] = [];
  try {
    const { list, base } = readHead(ctx, document);
    const seen = new Map<string, number>();
    for (const node of list) {
      try {
        rules.push(readRule(base, node, labels, seen));
      } catch (error) {
        if (!(error instanceof BadNode)) throw error;
      }
    }
  } catch (error) {
    if (!(error instanceof BadNode)) throw error;
  }
  return rules;
}

interface Head {
  readonly list: readonly NodeLike[];
  readonly base: ConditionContext & { readonly defaultControl: string };
}

function readHead(ctx: ConditionContext, document: Document.Parsed): Head {
  const [broken] = document.errors;
  if (broken) {
    const { line, col } = ctx.lines.linePos(broken.pos[0]);
    // The reader's advice to programmers is of no use to authors.
    const message = `Not valid YAML: ${broken.message.replace(/; please use .*$/, '').replace(/\.?$/, '.')}`;
    ctx.problems.push({ severity: 'error', code: 'RULE_BAD_DOCUMENT', message, line, column: col, rule: '' });
    throw new BadNode(message);
  }
  const root = asMap(ctx, document.contents as NodeLike, 'A rule document');
  checkKeys(ctx, root, 'A rule document', ['headstart_rules', 'control', 'field', 'fold', 'description', 'rules']);
  const version = child(root, 'headstart_rules');
  if (!version)
    fail(ctx, root, `The document does not say which version it is; start with \`headstart_rules: ${RULE_SCHEMA}\`.`);
  if (!isScalar(version) || version.value !== RULE_SCHEMA) {
    fail(ctx, version, `The document is of version ${kindOf(version)}; this program reads version ${RULE_SCHEMA}.`);
  }
  const field = child(root, 'field');
  const fold = child(root, 'fold');
  const control = child(root, 'control');
  const list = asList(ctx, child(root, 'rules') ?? root, 'rules');
  if (list.length > LIMITS.rulesMax) {
    fail(
      ctx,
      child(root, 'rules'),
      `The document has ${list.length} rules; at most ${LIMITS.rulesMax} are allowed.`,
      'LIMIT_SIZE',
    );
  }
  const base = Object.assign(ctx, {
    defaultField: field ? normalPath(asText(ctx, field, 'field')) : ctx.defaultField,
    defaultFold: fold ? asChoice(ctx, fold, 'fold', ['none', 'case', 'diacritics'] as const) : ctx.defaultFold,
    defaultControl: control ? asText(ctx, control, 'control') : '',
  });
  return { list, base };
}

const RULE_KEYS = ['id', 'description', 'label', 'labels', 'control', 'when', 'spans', 'priority', 'veto', 'enabled'];
/** Ids appear in `rule:ID@VERSION`, in file names and in addresses. */
const ID_PATTERN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}_.-]{0,99}$/u;

function readRule(
  ctx: Head['base'],
  node: NodeLike,
  labels: readonly string[] | undefined,
  seen: Map<string, number>,
): Rule {
  ctx.rule = '';
  const map = asMap(ctx, node, 'A rule');
  const id = readId(ctx, map, seen);
  checkKeys(ctx, map, 'A rule', [...RULE_KEYS, ...CONDITION_KEYS]);
  const when = readWhen(ctx, map);
  const spans = readSpans(ctx, map, when);
  const veto = readVeto(ctx, map, labels);
  const own = readLabels(ctx, map, labels);
  if (own.length === 0 && veto.length === 0) fail(ctx, map, 'A rule needs a label to vote for, or a veto.');
  if (spans && own.length === 0) fail(ctx, child(map, 'spans'), 'A rule that marks spans needs a label for them.');
  const priority = child(map, 'priority');
  const enabled = child(map, 'enabled');
  const control = child(map, 'control');
  const description = child(map, 'description');
  const rule: Omit<Rule, 'version'> = {
    id,
    description: description ? asText(ctx, description, 'description') : '',
    control: control ? asText(ctx, control, 'control') : ctx.defaultControl,
    labels: own,
    when,
    spans,
    priority: priority ? asCount(ctx, priority, 'priority', -1_000_000) : 0,
    veto,
    enabled: enabled ? asFlag(ctx, enabled, 'enabled') : true,
    line: placeOf(ctx, map).line,
  };
  return { ...rule, version: ruleVersion(rule) };
}

function readId(ctx: Head['base'], map: YAMLMap<Scalar, Node | null>, seen: Map<string, number>): string {
  const node = child(map, 'id');
  if (!node) fail(ctx, map, 'A rule needs an id.');
  const id = asText(ctx, node, 'id');
  if (!ID_PATTERN.test(id)) {
    fail(
      ctx,
      node,
      `The id '${id.slice(0, 40)}' must start with a letter or digit and hold only letters, digits, '_', '.' and '-'.`,
    );
  }
  const before = seen.get(id);
  if (before !== undefined) fail(ctx, node, `The id '${id}' is already used in line ${before}.`);
  seen.set(id, placeOf(ctx, node).line);
  ctx.rule = id;
  return id;
}

/** `when: {...}`, or one condition key directly in the rule. */
function readWhen(ctx: Head['base'], map: YAMLMap<Scalar, Node | null>): Condition {
  const direct = map.items.filter(({ key }) => isScalar(key) && CONDITION_KEYS.includes(String(key.value)));
  const when = child(map, 'when');
  if (direct.length + (when ? 1 : 0) !== 1) {
    fail(ctx, map, `A rule needs exactly one condition: \`when\`, or one of ${CONDITION_KEYS.join(', ')}.`);
  }
  if (when) return readCondition(ctx, when, 1);
  const [{ key, value }] = direct as [(typeof direct)[number]];
  return readConditionOf(ctx, String(key.value), value ?? key, 1);
}

function readLabels(
  ctx: Head['base'],
  map: YAMLMap<Scalar, Node | null>,
  known: readonly string[] | undefined,
): string[] {
  const one = child(map, 'label');
  const many = child(map, 'labels');
  if (one && many) fail(ctx, many, 'Give either label or labels.');
  const node = one ?? many;
  if (!node) return [];
  const labels = one ? [asText(ctx, one, 'label')] : asTexts(ctx, many, 'labels');
  checkLabels(ctx, node, labels, known);
  return [...new Set(labels)];
}

function checkLabels(
  ctx: Head['base'],
  node: NodeLike,
  labels: readonly string[],
  known: readonly string[] | undefined,
): void {
  const odd = known && labels.find((label) => !known.includes(label));
  if (odd === undefined) return;
  const shown = known!.slice(0, 20).join(', ');
  fail(ctx, node, `There is no label '${odd}'; the label config has ${shown}${known!.length > 20 ? '...' : ''}.`);
}

function readVeto(
  ctx: Head['base'],
  map: YAMLMap<Scalar, Node | null>,
  known: readonly string[] | undefined,
): string[] {
  const node = child(map, 'veto');
  if (!node) return [];
  if (isScalar(node) && node.value === true) return ['*'];
  const labels = asTexts(ctx, node, 'veto');
  if (!labels.includes('*')) checkLabels(ctx, node, labels, known);
  return labels;
}

function readSpans(ctx: Head['base'], map: YAMLMap<Scalar, Node | null>, when: Condition): SpanOutput | null {
  const node = child(map, 'spans');
  if (!node || (isScalar(node) && node.value === false)) return null;
  if (matchFields(when).size !== 1)
    fail(ctx, node, 'A rule that marks spans needs a condition that matches text in one field.');
  if (isScalar(node) && node.value === true) return { group: 0 };
  const options = asMap(ctx, node, 'spans');
  checkKeys(ctx, options, 'spans', ['group']);
  const at = child(options, 'group');
  const group = isScalar(at) && typeof at.value === 'string' ? at.value : asCount(ctx, at, 'group', 0);
  if (group !== 0 && !everyPatternHas(when, group)) {
    note(ctx, at, `No regular expression of the rule has the group '${group}'.`);
    throw new BadNode('group');
  }
  return { group };
}

function everyPatternHas(condition: Condition, group: number | string): boolean {
  const patterns = patternsIn(condition);
  return (
    patterns.length > 0 &&
    patterns.every(({ groups, groupCount }) => (typeof group === 'string' ? groups.has(group) : group <= groupCount))
  );
}

function patternsIn(condition: Condition): ReturnType<typeof compilePattern>[] {
  switch (condition.kind) {
    case 'regex':
      return [compilePattern(condition.pattern, condition.flags)];
    case 'all':
    case 'any':
    case 'atLeast':
      return condition.of.flatMap(patternsIn);
    case 'count':
    case 'within':
      return patternsIn(condition.of);
    case 'near':
      return [...patternsIn(condition.first), ...patternsIn(condition.second)];
    default:
      return [];
  }
}
