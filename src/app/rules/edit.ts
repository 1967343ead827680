/** Adding rules to a document without touching what its author wrote: imports and promotions end up here. */
import { type Document, isSeq, parseDocument, stringify, type YAMLSeq } from 'yaml';
import { AppError } from '../../core/errors.ts';
import { type Condition, normalPath, RULE_SCHEMA, type Rule } from '../../rules/index.ts';

const EMPTY = `headstart_rules: ${RULE_SCHEMA}\nrules: []\n`;
/** Flags of a pattern that says nothing of them. */
const FLAGS = 'i';
/** Broken lines inside a pattern or a keyword would be hard to read. */
const LINE_WIDTH = 0;
/** Longer ids are not read; more would be refused, with a number behind it. */
const ID_UNITS_MAX = 60;

/** A rule as documents say it. Only what imports and promotions make: keyword lists and regular expressions. */
export type NewRule = Pick<Rule, 'id' | 'labels' | 'when' | 'spans'>;

/** The document with these rules at its end; ids that are taken get a number. Throws RULE_BAD_DOCUMENT for broken YAML. */
export function appendRules(text: string | undefined, rules: readonly NewRule[]): { document: string; ids: string[] } {
  const before = text?.trim() ? text : EMPTY;
  const document = parseDocument(before);
  const [broken] = document.errors;
  if (broken) {
    const [place] = broken.linePos ?? [];
    const details = { line: place?.line ?? 1, column: place?.col ?? 1 };
    throw new AppError('RULE_BAD_DOCUMENT', `The document is not valid YAML: ${broken.message}`, { details });
  }
  const list = document.get('rules');
  if (!isSeq(list)) {
    throw new AppError('RULE_BAD_DOCUMENT', 'The document has no list of rules to add to.', {
      details: { line: 1, column: 1 },
    });
  }
  const defaults = {
    field: normalPath(String(document.get('field') ?? 'text')),
    fold: String(document.get('fold') ?? 'case'),
  };
  const taken = new Set((list.toJSON() as { id?: unknown }[]).map((rule) => String(rule?.id ?? '')));
  const named = rules.map((rule) => {
    const id = freeId(rule.id, taken);
    taken.add(id);
    return plainRule({ ...rule, id }, defaults);
  });
  const block = list.flow !== true && list.items.length > 0;
  return {
    document: block ? spliced(before, list, named) : rewritten(document, list, named),
    ids: named.map((rule) => rule.id),
  };
}

/** Puts the new items behind the last one, in its indentation; every other character stays. */
function spliced(text: string, list: YAMLSeq, rules: readonly object[]): string {
  const [start, end] = list.range!;
  const indent = ' '.repeat(start - (text.lastIndexOf('\n', start - 1) + 1));
  const items = stringify(rules, { lineWidth: LINE_WIDTH }).replace(/^(?=.)/gm, indent);
  return `${text.slice(0, end).trimEnd()}\n${items}${text.slice(end)}`;
}

/** JSON, or a list that is still empty. */
function rewritten(document: Document.Parsed, list: YAMLSeq, rules: readonly object[]): string {
  if (list.items.length === 0) list.flow = false;
  for (const rule of rules) list.add(document.createNode(rule));
  return document.toString({ lineWidth: LINE_WIDTH });
}

function freeId(wanted: string, taken: ReadonlySet<string>): string {
  if (!taken.has(wanted)) return wanted;
  for (let n = 2; ; n++) if (!taken.has(`${wanted}-${n}`)) return `${wanted}-${n}`;
}

/** What the document says once for all its rules. */
interface Defaults {
  readonly field: string;
  readonly fold: string;
}

function plainRule({ id, labels, when, spans }: NewRule, defaults: Defaults): { readonly id: string } {
  const [label, ...more] = labels;
  return {
    id,
    ...(more.length === 0 ? { label } : { labels }),
    ...plainCondition(when, defaults),
    ...(spans === null ? {} : { spans: true }),
  };
}

/** As short as it can be said: what goes without saying is left out. */
function plainCondition(condition: Condition, defaults: Defaults): object {
  if (condition.kind === 'keywords') {
    const { words, match } = condition;
    const how = match === 'word' || match === 'phrase' ? {} : { match };
    const more = { ...how, ...unless(condition, 'fold', defaults.fold), ...unless(condition, 'field', defaults.field) };
    const value = Object.keys(more).length === 0 ? words : { words, ...more };
    return match === 'phrase' ? { phrases: value } : { keywords: value };
  }
  if (condition.kind === 'regex') {
    const { pattern } = condition;
    const more = { ...unless(condition, 'flags', FLAGS), ...unless(condition, 'field', defaults.field) };
    return { regex: Object.keys(more).length === 0 ? pattern : { pattern, ...more } };
  }
  throw new Error(`assertion failed: no import makes a condition of kind ${condition.kind}`);
}

function unless<K extends string>(from: Readonly<Record<K, string>>, key: K, value: string): object {
  return from[key] === value ? {} : { [key]: from[key] };
}

/** `Click here!` -> `click-here`: an id that people recognise. */
export function idFrom(text: string): string {
  const words = text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}]*/gu) ?? [];
  const id = words.slice(0, 4).join('-').slice(0, ID_UNITS_MAX);
  // Half a character is none that an id may hold.
  return id.replace(/[\ud800-\udbff]$/, '') || 'rule';
}
