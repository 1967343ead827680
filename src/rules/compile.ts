/** Rules -> one index per field that wakes only the rules whose words were seen. */
import { AppError } from '../core/errors.ts';
import { factName, factsIn } from './facts.ts';
import { buildFieldIndex, type FieldIndex, type Wanted } from './field-index.ts';
import { literalsOf } from './literal.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import type { Condition, KeywordCondition, PatternCondition, Rule, ValueTest } from './rule.ts';

/** A keyword list or a regular expression on one field; equal ones of several rules are one leaf. */
export interface Leaf {
  readonly field: number;
  readonly condition: KeywordCondition | PatternCondition;
  readonly pattern: Pattern | null;
  /** All bits set: every clause of the gate was seen. 0 for keywords and for patterns without a gate. */
  readonly gate: number;
  /** Somebody needs its matches with their places. */
  readonly collects: boolean;
  readonly group: number;
}

export type PlanNode =
  | { readonly kind: 'leaf'; readonly leaf: number }
  | { readonly kind: 'all' | 'any'; readonly of: readonly PlanNode[] }
  | { readonly kind: 'not'; readonly of: PlanNode }
  | { readonly kind: 'atLeast'; readonly min: number; readonly of: readonly PlanNode[] }
  | { readonly kind: 'count'; readonly min: number; readonly max: number; readonly of: PlanNode }
  | {
      readonly kind: 'near';
      readonly first: PlanNode;
      readonly second: PlanNode;
      readonly window: number;
      readonly words: boolean;
      readonly ordered: boolean;
      readonly field: number;
    }
  | { readonly kind: 'within'; readonly region: string; readonly of: PlanNode; readonly field: number }
  | { readonly kind: 'field' | 'fact'; readonly path: readonly string[]; readonly test: ValueTest }
  | { readonly kind: 'score'; readonly model: string; readonly label: string; readonly test: ValueTest };

export interface CompiledRule {
  readonly rule: Rule;
  /** Indices into the labels; NO_LABEL for a rule that only vetoes. */
  readonly labels: readonly number[];
  /** Labels of other rules that it strikes out. */
  readonly vetoes: readonly number[];
  readonly plan: PlanNode;
  /** Field of its spans; -1 when it classifies the whole task. */
  readonly spanField: number;
  /** Facts that it must know of a task to say anything, `not` included. */
  readonly facts: readonly string[];
}

export interface CompiledRules {
  /** Class list: a vote is an index into it. */
  readonly labels: readonly string[];
  readonly rules: readonly CompiledRule[];
  readonly leaves: readonly Leaf[];
  readonly fields: readonly FieldIndex[];
  /** Leaf -> rules to look at when it is hit. */
  readonly wakes: readonly Int32Array[];
  /** Rules that can hold without any hit, looked at for every task. */
  readonly always: Int32Array;
}

/** The label of a rule that votes for nothing and only vetoes. */
export const NO_LABEL = 0xffff;

export interface CompileOptions {
  /** Keep the places of all matches, for highlighting; slower. */
  readonly collect?: boolean;
}

/**
 * Compiles the enabled and disabled rules alike into one matcher; a disabled rule keeps its index and never votes.
 * @param labels the classes of the control these rules vote for, at most 65,535.
 * @throws RULE_BAD_DOCUMENT when a rule names a label that is not among them; pattern errors as `compilePattern`.
 */
export function compileRules(
  rules: readonly Rule[],
  labels: readonly string[],
  options: CompileOptions = {},
): CompiledRules {
  const builder = new PlanBuilder(options.collect ?? false);
  const labelIndex = new Map(labels.map((label, i) => [label, i]));
  const compiled = rules.map((rule) => compileRule(rule, labelIndex, builder));
  return { labels, rules: compiled, ...builder.finish(compiled) };
}

function compileRule(rule: Rule, labelIndex: ReadonlyMap<string, number>, builder: PlanBuilder): CompiledRule {
  const own = rule.labels.map((label) => labelOf(rule, label, labelIndex));
  const all = rule.veto.includes('*');
  const vetoes = all
    ? [...labelIndex.values()].filter((label) => !own.includes(label))
    : rule.veto.map((label) => labelOf(rule, label, labelIndex));
  const spans = rule.spans !== null;
  const plan = builder.plan(rule.when, spans, rule.spans?.group ?? 0);
  return {
    rule,
    labels: own.length === 0 ? [NO_LABEL] : [...own].sort((a, b) => a - b),
    vetoes,
    plan,
    spanField: spans ? builder.fieldOf(plan) : -1,
    facts: [...new Set(factsIn(rule.when).map(factName))],
  };
}

function labelOf(rule: Rule, label: string, labelIndex: ReadonlyMap<string, number>): number {
  const index = labelIndex.get(label);
  if (index !== undefined) return index;
  throw new AppError('RULE_BAD_DOCUMENT', `Rule '${rule.id}' names the label '${label}', which there is not.`, {
    details: { rule: rule.id, line: rule.line, column: 1, label },
  });
}

/** Gathers leaves and fields while the rules are planned. */
class PlanBuilder {
  readonly #collectAll: boolean;
  readonly #leaves: Leaf[] = [];
  readonly #leafIds = new Map<string, number>();
  readonly #fieldIds = new Map<string, number>();
  readonly #patterns = new Map<string, Pattern>();

  constructor(collectAll: boolean) {
    this.#collectAll = collectAll;
  }

  plan(condition: Condition, collects: boolean, group: number | string): PlanNode {
    switch (condition.kind) {
      case 'keywords':
      case 'regex':
        return { kind: 'leaf', leaf: this.#leaf(condition, collects, group) };
      case 'all':
      case 'any':
        return { kind: condition.kind, of: condition.of.map((one) => this.plan(one, collects, group)) };
      case 'atLeast':
        return { kind: 'atLeast', min: condition.min, of: condition.of.map((one) => this.plan(one, collects, group)) };
      case 'not':
        return { kind: 'not', of: this.plan(condition.of, false, 0) };
      case 'count':
        return { kind: 'count', min: condition.min, max: condition.max, of: this.plan(condition.of, true, group) };
      case 'near': {
        const first = this.plan(condition.first, true, group);
        const second = this.plan(condition.second, true, group);
        const { window, ordered } = condition;
        return {
          kind: 'near',
          first,
          second,
          window,
          ordered,
          words: condition.unit === 'words',
          field: this.fieldOf(first),
        };
      }
      case 'within': {
        const of = this.plan(condition.of, true, group);
        return { kind: 'within', region: condition.region, of, field: this.fieldOf(of) };
      }
      case 'field':
      case 'fact':
        return { kind: condition.kind, path: condition.path.split('.'), test: condition.test };
      case 'score':
        return condition;
    }
  }

  /** Field of the first leaf under a node; -1 when it looks at no text. */
  fieldOf(node: PlanNode): number {
    switch (node.kind) {
      case 'leaf':
        return this.#leaves[node.leaf]!.field;
      case 'all':
      case 'any':
      case 'atLeast':
        return node.of.map((one) => this.fieldOf(one)).find((field) => field !== -1) ?? -1;
      case 'near':
      case 'within':
        return node.field;
      case 'count':
        return this.fieldOf(node.of);
      default:
        return -1;
    }
  }

  finish(rules: readonly CompiledRule[]): Pick<CompiledRules, 'leaves' | 'fields' | 'wakes' | 'always'> {
    const paths = [...this.#fieldIds.keys()];
    const wanted: Wanted[][] = paths.map(() => []);
    this.#leaves.forEach((leaf, id) => {
      for (const one of wantedOf(leaf, id)) wanted[leaf.field]!.push(one);
    });
    const wakes: number[][] = this.#leaves.map(() => []);
    const always: number[] = [];
    rules.forEach(({ plan, rule }, index) => {
      if (!rule.enabled) return;
      const triggers = triggersOf(plan, this.#leaves);
      if (triggers === undefined) always.push(index);
      else for (const leaf of triggers) wakes[leaf]!.push(index);
    });
    return {
      leaves: this.#leaves,
      fields: paths.map((path, i) => buildFieldIndex(path, wanted[i]!)),
      wakes: wakes.map((list) => Int32Array.from(list)),
      always: Int32Array.from(always),
    };
  }

  #leaf(condition: KeywordCondition | PatternCondition, collects: boolean, group: number | string): number {
    const collecting = collects || this.#collectAll;
    const pattern = condition.kind === 'regex' ? this.#pattern(condition) : null;
    const number = typeof group === 'number' ? group : groupNumber(pattern, group);
    const key = JSON.stringify([condition, collecting, number]);
    const known = this.#leafIds.get(key);
    if (known !== undefined) return known;
    const id = this.#leaves.length;
    const gate = pattern === null ? 0 : 2 ** pattern.required.length - 1;
    this.#leaves.push({
      field: this.#field(condition.field),
      condition,
      pattern,
      gate,
      collects: collecting,
      group: number,
    });
    this.#leafIds.set(key, id);
    return id;
  }

  #field(path: string): number {
    const known = this.#fieldIds.get(path);
    if (known !== undefined) return known;
    this.#fieldIds.set(path, this.#fieldIds.size);
    return this.#fieldIds.size - 1;
  }

  #pattern({ pattern, flags }: PatternCondition): Pattern {
    const key = `${flags}/${pattern}`;
    const known = this.#patterns.get(key) ?? compilePattern(pattern, flags);
    this.#patterns.set(key, known);
    return known;
  }
}

/** Number of a named group: named groups count among all in order of their opening parenthesis. */
function groupNumber(pattern: Pattern | null, name: string): number {
  return pattern?.groups.get(name) ?? 0;
}

function wantedOf(leaf: Leaf, id: number): Wanted[] {
  const { condition, pattern } = leaf;
  if (condition.kind === 'keywords') {
    const { match, fold } = condition;
    return condition.words.flatMap((word) =>
      literalsOf(word, match, fold).map((literal) => ({
        literal,
        token: '',
        openEnd: match === 'prefix',
        inside: match === 'substring',
        target: { leaf: id, clause: 0 },
      })),
    );
  }
  return pattern!.required.flatMap((clause, bit) =>
    clause.map(({ text, kind }) => ({
      literal: kind === 'token' ? null : literalsOf(text, 'substring', 'diacritics')[0]!,
      token: kind === 'token' ? text : '',
      openEnd: false,
      inside: kind === 'part',
      target: { leaf: id, clause: 1 << bit },
    })),
  );
}

/** Leaves of which at least one is hit whenever the node holds; undefined when it can hold without any. */
function triggersOf(node: PlanNode, leaves: readonly Leaf[]): readonly number[] | undefined {
  switch (node.kind) {
    case 'leaf': {
      const { pattern, gate } = leaves[node.leaf]!;
      return pattern !== null && gate === 0 ? undefined : [node.leaf];
    }
    case 'all':
      return fewest(node.of.map((one) => triggersOf(one, leaves)));
    case 'any':
      return everyone(node.of.map((one) => triggersOf(one, leaves)));
    case 'atLeast':
      return everyone(node.of.map((one) => triggersOf(one, leaves)));
    case 'near':
      return fewest([triggersOf(node.first, leaves), triggersOf(node.second, leaves)]);
    case 'count':
      return node.min === 0 ? undefined : triggersOf(node.of, leaves);
    case 'within':
      return triggersOf(node.of, leaves);
    default:
      return undefined;
  }
}

/** Any child that must be hit will do; few leaves wake less often. */
function fewest(lists: readonly (readonly number[] | undefined)[]): readonly number[] | undefined {
  return lists.reduce((best, list) => (list && (!best || list.length < best.length) ? list : best), undefined);
}

function everyone(lists: readonly (readonly number[] | undefined)[]): readonly number[] | undefined {
  const out = new Set<number>();
  for (const list of lists) {
    if (!list) return undefined;
    for (const leaf of list) out.add(leaf);
  }
  return [...out];
}
