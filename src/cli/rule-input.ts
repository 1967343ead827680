/** Rule files for commands: the document, the words of its lists, or the number of a saved one. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { AppError } from '../core/errors.ts';
import { positive } from './flags.ts';
import type { CommonFlags } from './session.ts';

type ListFiles = readonly (readonly [name: string, file: string])[];

export interface RuleFlags extends CommonFlags {
  readonly list: ListFiles;
  readonly number?: number;
  readonly rule?: string;
  readonly limit?: number;
  readonly from?: number;
  readonly task?: number;
  readonly kind?: 'csv' | 'spacy';
  readonly field?: string;
  readonly to?: string;
}

export const withLists = (command: Command): Command =>
  command.option('--list <name=file>', 'words of a list that the document names, one per line', addList, []);
export const withNumber = (command: Command): Command =>
  command.option('--number <number>', 'a saved document (default: the newest)', positive);

export function placeIn({ field, to }: RuleFlags) {
  return {
    ...(field === undefined ? {} : { field }),
    ...(to === undefined ? {} : { document: readText(to) }),
  };
}

export function draft(file: string, { list }: RuleFlags) {
  return { document: readText(file), ...(list.length === 0 ? {} : { lists: listsOf(list) }) };
}

export function source(file: string | undefined, flags: RuleFlags) {
  if (file !== undefined) return draft(file, flags);
  return flags.number === undefined ? {} : { number: flags.number };
}

function listsOf(list: ListFiles): Record<string, string[]> {
  const words = (file: string): string[] =>
    readText(file)
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return Object.fromEntries(list.map(([name, file]) => [name, words(file)]));
}

function addList(text: string, before: ListFiles): ListFiles {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [...before, [text.slice(0, at), text.slice(at + 1)]];
  throw new InvalidArgumentError('a list is NAME=FILE, like cities=cities.txt.');
}

export function kind(text: string): 'csv' | 'spacy' {
  if (text === 'csv' || text === 'spacy') return text;
  throw new InvalidArgumentError('csv or spacy is wanted.');
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new AppError('INPUT_BAD_FIELD', `The file ${file} cannot be read (${reason}).`, { cause: error });
  }
}
