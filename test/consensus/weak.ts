/** Real votes of `../shared/data`, split as their authors split them: read, counted, and ready to be weighed and scored. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  decodeSpans,
  type Posterior,
  spanF1,
  tokenClasses,
  tokenVoteRows,
  tokenVotes,
  type VoteTable,
  voteTable,
  voteTableFromDense,
} from '../../src/consensus/index.ts';

const DATA = resolve(import.meta.dirname, '../../../shared/data');
/** Voters of `ner/bc5cdr-weak`, and its two classes: chemicals and diseases. */
const [SPAN_VOTERS, SPAN_CLASSES] = [30, 2];

export const hasWeakVotes = existsSync(resolve(DATA, 'weak'));

interface Item {
  readonly label: number;
  readonly weak_labels: readonly number[];
}

export interface WeakSet {
  /** Votes on train and valid, to fit on. */
  readonly table: VoteTable;
  /** Classes of the rows of valid; -1 for those of train. */
  readonly gold: readonly number[];
  readonly validCount: number;
  readonly testTable: VoteTable;
  readonly truth: readonly number[];
  /** What a row without votes counts as: valid's commonest class. */
  readonly unvoted: number;
}

/** @param k classes */
export function readWeakSet(name: string, k: number): WeakSet {
  const read = (part: string): Item[] =>
    Object.values(
      JSON.parse(readFileSync(resolve(DATA, 'weak', name, `${part}.json`), 'utf8')) as Record<string, Item>,
    );
  const [train, valid, test] = [read('train'), read('valid'), read('test')];
  const votes = (items: readonly Item[]): VoteTable => {
    const dense = items.flatMap((one) => one.weak_labels);
    return voteTableFromDense(dense, train[0]!.weak_labels.length, k);
  };
  const labels = valid.map((one) => one.label);
  return {
    table: votes([...train, ...valid]),
    gold: [...train.map(() => -1), ...labels],
    validCount: valid.length,
    testTable: votes(test),
    truth: test.map((one) => one.label),
    unvoted: commonest(labels, k),
  };
}

function commonest(gold: readonly number[], k: number): number {
  const counts = Array.from({ length: k }, (_, c) => gold.filter((one) => one === c).length);
  return counts.indexOf(Math.max(...counts));
}

type Mark = readonly [start: number, end: number, label: string];

interface Abstract {
  readonly tokens: readonly string[];
  readonly spans: readonly Mark[];
  readonly votes: readonly (readonly Mark[])[];
}

export interface SpanSet {
  /** A row per token of valid and test. */
  readonly table: VoteTable;
  /** Classes of the tokens of valid; -1 for those of test. */
  readonly gold: Int32Array;
  readonly testCount: number;
  /** Of the spans that the posterior marks in test, between 0 and 1. */
  f1(posterior: Posterior): number;
}

/** @param count abstracts of each part */
export function readSpanSet(count: number): SpanSet {
  const [valid, test] = [readAbstracts('valid', count), readAbstracts('test', count)];
  const into = { rows: [] as number[], voters: [] as number[], classes: [] as number[] };
  const first: number[] = [0];
  for (const { tokens, votes } of [...valid, ...test]) {
    tokenVotes(votes.map(spansOf), first.at(-1)!, into);
    first.push(first.at(-1)! + tokens.length);
  }
  const table = voteTable(tokenVoteRows(into, first.at(-1)!, SPAN_VOTERS, SPAN_CLASSES));
  const gold = new Int32Array(table.rowCount).fill(-1);
  valid.forEach((one, i) => {
    gold.set(tokenClasses(spansOf(one.spans), one.tokens.length), first[i]!);
  });
  const truth = test.map((one) => spansOf(one.spans));
  const starts = first.slice(valid.length);
  const found = (posterior: Posterior) => test.map((_, i) => decodeSpans(posterior, starts[i]!, starts[i + 1]!));
  return { table, gold, testCount: test.length, f1: (posterior) => spanF1(found(posterior), truth).f1 };
}

function readAbstracts(part: string, count: number): Abstract[] {
  const lines = readFileSync(resolve(DATA, 'ner/bc5cdr-weak', `${part}.jsonl`), 'utf8')
    .trim()
    .split('\n');
  return lines.slice(0, count).map((line) => JSON.parse(line) as Abstract);
}

function spansOf(marks: readonly Mark[]) {
  return marks.map(([start, end, label]) => ({ start, end, label: label === 'Chemical' ? 0 : 1 }));
}
