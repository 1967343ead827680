/** spaCy's EntityRuler patterns (JSONL) -> span rules: what can be said with phrases and regular expressions. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { ruleVersion } from './document.ts';
import { type ImportOptions, importedRule } from './import-csv.ts';
import { isSearchable } from './literal.ts';
import { compilePattern } from './pattern.ts';
import type { Condition, Fold, Rule } from './rule.ts';

export interface SpacyImport {
  readonly rules: readonly Rule[];
  /** Patterns that were left out: they need a parser, a tagger or an operator that rules do not have. */
  readonly skipped: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Reads `{"label": ..., "pattern": TEXT | [TOKEN, ...], "id"?: ...}` lines. Texts and token lists of LOWER, TEXT/ORTH, their
 * `IN` and `REGEX` map; so do IS_DIGIT, IS_ALPHA, IS_PUNCT, IS_LOWER, IS_UPPER, IS_TITLE, and OP ?, + and *.
 * POS, TAG, DEP, LEMMA, ENT_TYPE, FUZZY and negation do not, and are named.
 * @throws INPUT_BAD_ROW with the line when a line is no JSON object with a label; INPUT_EMPTY.
 */
export function rulesFromSpacy(text: string, options: ImportOptions = {}): SpacyImport {
  const field = options.field ?? 'data.text';
  const phrases = new Map<string, string[]>();
  const rules: Rule[] = [];
  const skipped: { line: number; reason: string }[] = [];
  text
    .replace(/^\ufeff/, '')
    .split('\n')
    .forEach((lineText, i) => {
      if (lineText.trim() === '') return;
      const { label, pattern } = readLine(lineText, i + 1, options);
      try {
        const when = typeof pattern === 'string' ? checkedWord(pattern) : tokensCondition(pattern, field);
        if (typeof when === 'string') addTo(phrases, label, when);
        else rules.push(spanRule(`pattern-${i + 1}`, label, when, options));
      } catch (error) {
        if (!(error instanceof Unmapped)) throw error;
        skipped.push({ line: i + 1, reason: error.message });
      }
    });
  const lists = [...phrases].map(([label, words], i) => {
    const fold: Fold = 'none';
    return spanRule(
      `phrases-${i + 1}`,
      label,
      { kind: 'keywords', words: [...new Set(words)], match: 'word', fold, field },
      options,
    );
  });
  if (lists.length + rules.length + skipped.length === 0)
    throw new AppError('INPUT_EMPTY', 'The file holds no pattern.');
  return { rules: [...lists, ...rules], skipped };
}

class Unmapped extends Error {}

function checkedWord(word: string): string {
  if (isSearchable(word) && word.length <= LIMITS.ruleKeywordCharsMax) return word;
  throw new Unmapped(`the text is empty or has more than ${LIMITS.ruleKeywordCharsMax} characters`);
}

function addTo(map: Map<string, string[]>, label: string, word: string): void {
  const words = map.get(label);
  if (words) words.push(word);
  else map.set(label, [word]);
}

function spanRule(id: string, label: string, when: Condition, options: ImportOptions): Rule {
  const { version: _, ...rule } = { ...importedRule(id, label, when, options), spans: { group: 0 } };
  return { ...rule, version: ruleVersion(rule) };
}

function readLine(text: string, line: number, options: ImportOptions): { label: string; pattern: Json } {
  const bad = (reason: string, cause?: unknown): AppError =>
    new AppError('INPUT_BAD_ROW', `Line ${line}: ${reason}.`, { details: { row: line, reason }, cause });
  let value: Json;
  try {
    value = parseJson(text);
  } catch (error) {
    throw bad('not JSON', error);
  }
  if (!isJsonObject(value) || typeof value.label !== 'string' || value.pattern === undefined) {
    throw bad('not an object with label and pattern');
  }
  const label = value.label;
  if (options.labels && !options.labels.includes(label)) throw bad(`there is no label '${label}'`);
  return { label, pattern: value.pattern };
}

/** A list of token descriptions as one regular expression; plain lower-case sequences stay phrases. */
function tokensCondition(pattern: Json, field: string): Condition {
  if (!Array.isArray(pattern) || pattern.length === 0)
    throw new Unmapped('the pattern is neither a text nor a list of tokens');
  const tokens = pattern.map((token) => {
    if (!isJsonObject(token)) throw new Unmapped('a token is not an object');
    return token;
  });
  const lower = tokens.map((token) => onlyText(token, 'LOWER'));
  if (lower.every((word) => word !== undefined && /^[\p{L}\p{N}]+$/u.test(word))) {
    return { kind: 'keywords', words: [checkedWord(lower.join(' '))], match: 'word', fold: 'case', field };
  }
  const flags = tokens.some(foldsPattern) ? 'iu' : 'u';
  if (flags === 'iu' && tokens.some(tellsCase))
    throw new Unmapped('LOWER.REGEX beside a token that tells upper from lower case has no counterpart');
  const parts = tokens.map(tokenPattern);
  let source = '';
  parts.forEach((part, i) => {
    const body = i === 0 ? part.body : `\\s*${EDGE}${part.body}`;
    source += part.op === '' ? body : `(?:${body})${part.op}`;
  });
  const whole = `${EDGE}${source}${EDGE}`;
  try {
    compilePattern(whole, flags);
  } catch (error) {
    if (error instanceof AppError) throw new Unmapped(error.message);
    throw error;
  }
  return { kind: 'regex', pattern: whole, flags, field };
}

const LETTER = '[\\p{L}\\p{M}\\p{N}_]';
/** No word goes on across it: between two tokens there is no more than that, as in "Corp.". */
const EDGE = `(?:(?<!${LETTER})|(?!${LETTER}))`;

/** A pattern for words in lower case: the whole expression has to look away from case. */
function foldsPattern({ LOWER: wanted }: JsonObject): boolean {
  return isJsonObject(wanted) && 'REGEX' in wanted;
}

const CASELESS: readonly string[] = ['LOWER', 'IS_DIGIT', 'IS_ALPHA', 'IS_PUNCT', 'OP'];

function tellsCase(token: JsonObject): boolean {
  return Object.keys(token).some((key) => !CASELESS.includes(key));
}

function onlyText(token: JsonObject, key: string): string | undefined {
  return Object.keys(token).length === 1 && typeof token[key] === 'string' ? token[key] : undefined;
}

const OPERATORS: Readonly<Record<string, string>> = { '?': '?', '+': '+', '*': '*', '1': '' };
const FLAGS: Readonly<Record<string, string>> = {
  IS_DIGIT: '\\p{Nd}+',
  IS_ALPHA: '\\p{L}+',
  IS_PUNCT: '\\p{P}',
  IS_LOWER: '\\p{Ll}+',
  IS_UPPER: '\\p{Lu}+',
  IS_TITLE: '\\p{Lu}\\p{Ll}*',
};

function tokenPattern(token: JsonObject): { body: string; op: string } {
  const { OP: operator = '1', ...rest } = token;
  const op = typeof operator === 'string' ? OPERATORS[operator] : undefined;
  if (op === undefined) throw new Unmapped(`the operator ${JSON.stringify(operator)} has no counterpart`);
  const entries = Object.entries(rest);
  if (entries.length > 1) throw new Unmapped('a token with several conditions has no counterpart');
  const [only] = entries;
  return { body: only ? attributePattern(only[0], only[1]) : '[^\\s]+', op };
}

function attributePattern(name: string, value: Json): string {
  if (FLAGS[name] !== undefined && value === true) return FLAGS[name];
  const anyCase = name === 'LOWER';
  if (!anyCase && name !== 'TEXT' && name !== 'ORTH') throw new Unmapped(`the attribute ${name} has no counterpart`);
  if (typeof value === 'string') return literal(value, anyCase);
  if (!isJsonObject(value)) throw new Unmapped(`the value of ${name} has no counterpart`);
  const [[key, inner] = ['', null], ...more] = Object.entries(value);
  if (more.length > 0) throw new Unmapped(`${name} with several conditions has no counterpart`);
  if (key === 'IN' && Array.isArray(inner)) return `(?:${inner.map((one) => literal(String(one), anyCase)).join('|')})`;
  if (key === 'REGEX' && typeof inner === 'string') return tokenRegex(inner);
  throw new Unmapped(`${name}.${key} has no counterpart`);
}

/** It is looked for inside a token, whose beginning and end its anchors mean and which holds no blank. */
function tokenRegex(source: string): string {
  const body = source.replace(/\\.|\[(?:\\.|[^\]\\])*\]|[\^$.\s]/gs, inToken);
  const single = !source.includes('|');
  const before = single && source.startsWith('^') ? '' : `${LETTER}*`;
  const after = single && /(?<!\\)\$$/.test(source) ? '' : `${LETTER}*`;
  return `${before}(?:${body})${after}`;
}

const IN_TOKEN: Readonly<Record<string, string>> = {
  '^': `(?<!${LETTER})`,
  $: `(?!${LETTER})`,
  '.': '\\S',
  '\\D': '[^\\d\\s]',
  '\\W': '[^\\w\\s]',
};
/** What means blanks too: as it stands, or beside others in brackets. */
const BLANK = /^(?:\s|\\[\sstnrfv])$|^\[(?!\^)(?:\\[^\sstnrfvDW]|[^\\\s])*(?:\s|\\[\sstnrfvDW])/;

/** A part of an expression as it may match inside a token: an escape, what stands in brackets, or one character. */
function inToken(part: string): string {
  if (BLANK.test(part))
    throw new Unmapped(`REGEX with ${JSON.stringify(part)}, which means blanks, has no counterpart`);
  if (part.startsWith('[^')) return `${part.slice(0, -1)}\\s]`;
  return IN_TOKEN[part] ?? part;
}

/** LOWER compares without case, which only this part of the expression may do. */
function literal(text: string, anyCase: boolean): string {
  return [...text]
    .map((char) => {
      const escaped = char.replace(/[\\^$.*+?()[\]{}|/-]/, (c) => (c === '-' ? '\\-' : `\\${c}`));
      const [low, up] = [char.toLowerCase(), char.toUpperCase()];
      return anyCase && low !== up && [...low].length === 1 && [...up].length === 1 ? `[${low}${up}]` : escaped;
    })
    .join('');
}
