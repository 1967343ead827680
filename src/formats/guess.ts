/** Guesses that are said aloud: the format of a file, and the column that holds the text. */
import type { JsonObject } from '../core/json.ts';

/** Name of the format of a file, from its extension and first bytes; null when it is no text at all. */
export function sniffFormat(name: string, firstBytes: Uint8Array): string | null {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const byExtension = EXTENSIONS[extension];
  if (byExtension !== undefined) return byExtension;
  if (firstBytes.includes(0)) return null;
  const head = new TextDecoder().decode(firstBytes).trimStart();
  const line = /^[^\r\n]*/.exec(head)?.[0] ?? '';
  if (head.startsWith('[')) return 'json';
  if (head.startsWith('{')) return line.trimEnd().endsWith('}') && head.length > line.length ? 'jsonl' : 'json';
  if (line.includes('\t')) return 'tsv';
  return /[^,;]+[,;][^,; ]/.test(line) ? 'csv' : 'txt';
}

const EXTENSIONS: Readonly<Record<string, string>> = {
  json: 'json',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  csv: 'csv',
  tsv: 'tsv',
  tab: 'tsv',
  txt: 'txt',
  conll: 'conll2003',
  bio: 'conll2003',
  iob: 'conll2003',
};

export interface TextFieldGuess {
  readonly field: string;
  /** One sentence for the person who may want another column. */
  readonly reason: string;
}

interface FieldStats {
  readonly field: string;
  readonly meanLength: number;
  /** Mean number of words. */
  readonly words: number;
  /** Share of rows with a value that no other row has. */
  readonly distinct: number;
  readonly score: number;
}

/** Names that say "this is the text"; worth as much as being twice as long. */
const TEXT_NAMES =
  /^(text|body|content|message|review|comment|sentence|description|document|tweet|question|utterance)$/i;

/** A field of addresses or file names is media, whatever its length. */
const ADDRESS = /^(https?:|s3:|gs:|data:|\/data\/)/;

/**
 * The field that reads most like text to label: long, many words, different in every row. Null when no field holds
 * text. `rows` is a sample of the data, 100 rows are plenty.
 */
export function guessTextField(rows: readonly JsonObject[]): TextFieldGuess | null {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const stats = fields.flatMap((field) => statsOf(field, rows) ?? []).sort((a, b) => b.score - a.score);
  const best = stats[0];
  if (best === undefined) return null;
  const others = fields.length - 1;
  const rest = others === 0 ? 'the only column' : `of ${fields.length} columns`;
  const percent = Math.round(best.distinct * 100);
  const reason =
    others === 0
      ? `"${best.field}" is ${rest}.`
      : `"${best.field}" reads most like text, ${rest}: ${best.words.toFixed(1)} words on average, ${percent} % of rows differ.`;
  return { field: best.field, reason };
}

function statsOf(field: string, rows: readonly JsonObject[]): FieldStats | null {
  const values = rows.map((row) => row[field]).filter((value): value is string => typeof value === 'string');
  if (values.length < rows.length / 2 || values.length === 0) return null;
  if (values.every((value) => value === '' || ADDRESS.test(value))) return null;
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  const meanLength = mean(values.map((value) => value.length));
  const words = mean(values.map((value) => value.split(/\s+/).filter((word) => /\p{L}/u.test(word)).length));
  const distinct = new Set(values).size / values.length;
  const named = TEXT_NAMES.test(field) ? 2 : 1;
  return { field, meanLength, words, distinct, score: (words + meanLength / 100) * distinct * named };
}
