/** Typed reading of YAML nodes: every wrong value is a problem with its line and column. */
import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { RuleProblem } from './rule.ts';

/** Where problems go while a document is read. */
export interface ReadContext {
  readonly lines: LineCounter;
  readonly problems: RuleProblem[];
  /** Id of the rule being read. */
  rule: string;
}

/** Ends the reading of one rule; its problem is already noted. */
export class BadNode extends Error {}

export type NodeLike = Node | null | undefined;

export function placeOf(ctx: ReadContext, node: NodeLike, shift = 0): { line: number; column: number } {
  const offset = (node?.range?.[0] ?? 0) + shift;
  const { line, col } = ctx.lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

export function note(
  ctx: ReadContext,
  node: NodeLike,
  message: string,
  more: Partial<Pick<RuleProblem, 'code' | 'severity'>> & { shift?: number } = {},
): void {
  const { shift = 0, code = 'RULE_BAD_DOCUMENT', severity = 'error' } = more;
  ctx.problems.push({ severity, code, message, ...placeOf(ctx, node, shift), rule: ctx.rule });
}

export function fail(ctx: ReadContext, node: NodeLike, message: string, code?: RuleProblem['code'], shift = 0): never {
  note(ctx, node, message, code === undefined ? { shift } : { code, shift });
  throw new BadNode(message);
}

export function asMap(ctx: ReadContext, node: NodeLike, what: string): YAMLMap<Scalar, Node | null> {
  if (isMap(node)) return node as YAMLMap<Scalar, Node | null>;
  return fail(ctx, node, `${what} must be a mapping (key: value), not ${kindOf(node)}.`);
}

export function asList(ctx: ReadContext, node: NodeLike, what: string): (Node | null)[] {
  if (isSeq(node)) {
    if (node.items.length === 0) fail(ctx, node, `${what} is empty; give at least one entry.`);
    return node.items as (Node | null)[];
  }
  return fail(ctx, node, `${what} must be a list, not ${kindOf(node)}.`);
}

export function asText(ctx: ReadContext, node: NodeLike, what: string): string {
  if (isScalar(node)) {
    if (typeof node.value === 'string' && node.value.trim() !== '') return node.value;
    // `- 5000` is a number to YAML and a keyword to its author; the source keeps leading zeros.
    if (typeof node.value === 'number') return node.source ?? String(node.value);
  }
  return fail(ctx, node, `${what} must be a text that is not empty, not ${kindOf(node)}.`);
}

export function asNumber(ctx: ReadContext, node: NodeLike, what: string): number {
  if (isScalar(node) && typeof node.value === 'number' && Number.isFinite(node.value)) return node.value;
  return fail(ctx, node, `${what} must be a number, not ${kindOf(node)}.`);
}

export function asCount(ctx: ReadContext, node: NodeLike, what: string, min: number): number {
  const value = asNumber(ctx, node, what);
  return Number.isInteger(value) && value >= min
    ? value
    : fail(ctx, node, `${what} must be a whole number of at least ${min}.`);
}

export function asFlag(ctx: ReadContext, node: NodeLike, what: string): boolean {
  if (isScalar(node) && typeof node.value === 'boolean') return node.value;
  return fail(ctx, node, `${what} must be true or false, not ${kindOf(node)}.`);
}

export function asChoice<T extends string>(ctx: ReadContext, node: NodeLike, what: string, among: readonly T[]): T {
  const value = isScalar(node) ? node.value : undefined;
  const found = among.find((one) => one === value);
  return found ?? fail(ctx, node, `${what} must be one of ${among.join(', ')}, not ${kindOf(node)}.`);
}

/** A text, or a list of texts. */
export function asTexts(ctx: ReadContext, node: NodeLike, what: string): string[] {
  if (isScalar(node)) return [asText(ctx, node, what)];
  return asList(ctx, node, what).map((item) => asText(ctx, item, `An entry of ${what}`));
}

/** Refuses keys that mean nothing, so that a typing error does not silently switch something off. */
export function checkKeys(
  ctx: ReadContext,
  map: YAMLMap<Scalar, Node | null>,
  what: string,
  known: readonly string[],
): void {
  for (const { key } of map.items) {
    if (!isScalar(key) || !known.includes(String(key.value))) {
      fail(
        ctx,
        key,
        `${what} has no key '${isScalar(key) ? String(key.value) : '?'}'; known keys: ${known.join(', ')}.`,
      );
    }
  }
}

/** The value node under a key. */
export function child(map: YAMLMap<Scalar, Node | null>, key: string): NodeLike {
  return map.get(key, true) as NodeLike;
}

export function kindOf(node: NodeLike): string {
  if (node === null || node === undefined) return 'nothing';
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias (aliases are not supported)';
  if (!isScalar(node) || node.value === null) return 'nothing';
  const text = String(node.value);
  return text === '' ? 'an empty text' : `'${text.length > 40 ? `${text.slice(0, 40)}...` : text}'`;
}
