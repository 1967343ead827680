/** `label,word` lists -> rules: one keyword rule per label. */
import { parse } from 'csv-parse/sync';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { ruleVersion } from './document.ts';
import { isSearchable } from './literal.ts';
import type { Condition, Rule } from './rule.ts';

export interface ImportOptions {
  readonly field?: string;
  readonly control?: string;
  /** Labels that may be named. */
  readonly labels?: readonly string[];
}

/**
 * Reads two columns, label and word, with or without a heading line; words of one label become one rule.
 * @throws INPUT_BAD_ROW with row and reason; INPUT_EMPTY when there is no word.
 */
export function rulesFromCsv(text: string, options: ImportOptions = {}): Rule[] {
  const byLabel = new Map<string, string[]>();
  readRows(text).forEach((row, i) => {
    const [label = '', word = ''] = row.map((cell) => cell.trim());
    if (i === 0 && label.toLowerCase() === 'label') return;
    if (row.length !== 2 || label === '' || word === '') throw badRow(i, 'has not exactly a label and a word');
    if (options.labels && !options.labels.includes(label))
      throw badRow(i, `names the label '${label}', which there is not`);
    if (word.length > LIMITS.ruleKeywordCharsMax || !isSearchable(word))
      throw badRow(i, 'has a word that is too long or empty');
    const words = byLabel.get(label);
    if (words) words.push(word);
    else byLabel.set(label, [word]);
  });
  if (byLabel.size === 0) throw new AppError('INPUT_EMPTY', 'The file holds no line of label and word.');
  const field = options.field ?? 'data.text';
  return [...byLabel].map(([label, words], i) =>
    importedRule(
      `words-${i + 1}`,
      label,
      { kind: 'keywords', words: [...new Set(words)], match: 'word', fold: 'case', field },
      options,
    ),
  );
}

function readRows(text: string): string[][] {
  try {
    return parse(text, {
      bom: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: LIMITS.rowBytesMax,
    });
  } catch (error) {
    const lines = typeof error === 'object' && error !== null && 'lines' in error ? Number(error.lines) : undefined;
    throw new AppError('INPUT_BAD_ROW', `Line ${lines ?? '?'} is not CSV.`, {
      details: { row: lines, reason: 'not CSV' },
      cause: error,
    });
  }
}

function badRow(index: number, reason: string): AppError {
  return new AppError('INPUT_BAD_ROW', `Row ${index + 1} ${reason}.`, { details: { row: index + 1, reason } });
}

/** A rule that votes for one label, with the defaults of everything else. */
export function importedRule(id: string, label: string, when: Condition, options: ImportOptions): Rule {
  const rule: Omit<Rule, 'version'> = {
    id,
    description: '',
    control: options.control ?? '',
    labels: [label],
    when,
    spans: null,
    priority: 0,
    veto: [],
    enabled: true,
    line: 0,
  };
  return { ...rule, version: ruleVersion(rule) };
}
