/** A first look at a dropped file: its columns, which one holds the text, and a few rows to show. */

export interface Column {
  readonly name: string;
  readonly sample: string;
  /** Its values, when there are so few that they look like labels; else empty. */
  readonly classes: readonly string[];
}

export interface Sniffed {
  readonly columns: readonly Column[];
  /** The column that most likely holds the text; null when none does. */
  readonly guess: string | null;
  readonly problem: string | null;
}

type Row = Readonly<Record<string, unknown>>;

/** How much of a file is looked at: enough to meet every label of a sorted file, read in a fraction of a second. */
export const SNIFF_BYTES = 8 * 1024 * 1024;
const ROWS = 100_000;
/** More different values than this are no labels. */
const CLASSES_MAX = 200;

/** @param whole false when the file goes on behind `head`: its last row may be cut short. */
export function sniff(fileName: string, head: string, whole = true): Sniffed {
  const ending = fileName.toLowerCase().split('.').pop() ?? '';
  const found = rowsOf(ending, head.replace(/^\uFEFF/, ''));
  const rows = whole || found.length < 2 ? found : found.slice(0, -1);
  if (rows.length === 0) {
    return { columns: [], guess: null, problem: 'No rows were found at the start of this file.' };
  }
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columns = names.map((name) => ({
    name,
    sample: textOf(rows[0]?.[name]).slice(0, 200),
    classes: classesOf(rows.map((row) => row[name])),
  }));
  return { columns, guess: longestText(names, rows), problem: null };
}

function rowsOf(ending: string, head: string): Row[] {
  if (ending === 'txt') return lines(head).map((text) => ({ text }));
  if (ending === 'csv') return tableRows(head, ',');
  if (ending === 'tsv' || ending === 'tab') return tableRows(head, '\t');
  if (ending === 'jsonl' || ending === 'ndjson') return lines(head).flatMap(objectOf);
  return firstObjects(head).flatMap(objectOf);
}

function lines(head: string): string[] {
  return head
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(0, ROWS);
}

/** A task's `data`, or the object itself; nothing for a line cut short. */
function objectOf(json: string): Row[] {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'string') return [{ text: value }];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    const data = (value as Row).data;
    return [typeof data === 'object' && data !== null ? (data as Row) : (value as Row)];
  } catch {
    return [];
  }
}

/** The whole objects (or strings) at the start of a JSON array, found by counting brackets outside strings. */
function firstObjects(head: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let start = -1;
  const base = head.trimStart().startsWith('[') ? 1 : 0;
  for (const match of head.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    const sign = match[0];
    if (sign.startsWith('"')) {
      if (depth === base && base === 1) found.push(sign);
    } else if (sign === '{' || sign === '[') {
      if (depth === base && sign === '{') start = match.index;
      depth++;
    } else {
      depth--;
      if (depth === base && start >= 0) found.push(head.slice(start, match.index + 1));
    }
    if (found.length >= ROWS) break;
  }
  return found;
}

function tableRows(head: string, separator: string): Row[] {
  const [names, ...rows] = cells(head, separator).slice(0, ROWS + 1);
  if (names === undefined) return [];
  return rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? ''])));
}

/** RFC 4180 cells. */
function cells(head: string, separator: string): string[][] {
  const rows: string[][] = [[]];
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${separator}\\r\\n]*)(${separator}|\\r?\\n|$)`, 'gy');
  for (let match = cell.exec(head); match !== null && match[0] !== ''; match = cell.exec(head)) {
    const raw = match[1]!;
    rows.at(-1)!.push(raw.startsWith('"') ? raw.slice(1, -1).replaceAll('""', '"') : raw);
    if (match[2] !== separator) rows.push([]);
    if (rows.length > ROWS + 2) break;
  }
  return rows.filter((row) => row.some((one) => one !== ''));
}

/** Short strings that repeat: a column of answers somebody has given before. */
function classesOf(values: readonly unknown[]): string[] {
  const distinct = [...new Set(values)];
  const short = distinct.every((value) => typeof value === 'string' && value !== '' && value.length <= 60);
  const repeats = distinct.length >= 2 && distinct.length <= CLASSES_MAX && distinct.length * 3 <= values.length;
  return short && repeats ? (distinct as string[]).sort() : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

/** By mean length of strings that are not addresses or numbers; a column called `text` wins a near tie. */
function longestText(names: readonly string[], rows: readonly Row[]): string | null {
  let best: string | null = null;
  let bestLength = 0;
  for (const name of names) {
    const texts = rows.map((row) => row[name]).filter((value): value is string => typeof value === 'string');
    const plain = texts.filter((text) => text !== '' && !/^(https?:\S+|[\d\s.,:-]+)$/.test(text));
    if (plain.length === 0) continue;
    const mean = plain.reduce((sum, text) => sum + text.length, 0) / rows.length;
    const length = /^(text|body|message|content|sentence|utterance)$/i.test(name) ? mean * 1.5 : mean;
    if (length > bestLength) [best, bestLength] = [name, length];
  }
  return best;
}
