/** Real votes: the label model chosen on the validation split, scored on the test split. Bars from the issue. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  accuracyOf,
  decodeSpans,
  majority,
  posteriorOf,
  selectModel,
  spanF1,
  tokenClasses,
  tokenVoteRows,
  tokenVotes,
  voteTable,
  voteTableFromDense,
} from '../../src/consensus/index.ts';

const DATA = resolve(import.meta.dirname, '../../../shared/data');
const present = existsSync(resolve(DATA, 'weak')) || process.env.CI === 'true';

interface Item {
  readonly label: number;
  readonly weak_labels: readonly number[];
}

function readWeak(name: string, part: string): Item[] {
  return Object.values(
    JSON.parse(readFileSync(resolve(DATA, 'weak', name, `${part}.json`), 'utf8')) as Record<string, Item>,
  );
}

function commonest(gold: readonly number[], k: number): number {
  const counts = Array.from({ length: k }, (_, c) => gold.filter((one) => one === c).length);
  return counts.indexOf(Math.max(...counts));
}

describe.skipIf(!present)('votes of rules (../shared/data/weak)', () => {
  it.each([
    ['youtube', 2, 0.835],
    ['sms', 2, 0.88],
    ['semeval', 9, 0.765],
    ['yoruba', 7, 0.575],
  ])('%s reaches its bar', (name, k, bar) => {
    const [train, valid, test] = ['train', 'valid', 'test'].map((part) => readWeak(name, part)) as [
      Item[],
      Item[],
      Item[],
    ];
    const m = train[0]!.weak_labels.length;
    const dense = (items: Item[]) =>
      voteTableFromDense(
        items.flatMap((one) => one.weak_labels),
        m,
        k,
      );
    const gold = [...train.map(() => -1), ...valid.map((one) => one.label)];
    const { model } = selectModel(dense([...train, ...valid]), gold);
    const truth = test.map((one) => one.label);
    const unvoted = commonest(
      valid.map((one) => one.label),
      k,
    );
    const chosen = posteriorOf(model, dense(test));
    const floor = posteriorOf(majority(dense(test)), dense(test));
    expect(accuracyOf(chosen, truth, unvoted)).toBeGreaterThanOrEqual(bar);
    expect(accuracyOf(chosen, truth, unvoted)).toBeGreaterThanOrEqual(accuracyOf(floor, truth, unvoted) - 0.01);
    if (name === 'sms') expect(accuracyOf(chosen, truth)).toBeGreaterThanOrEqual(0.945);
  });
});

interface Abstract {
  readonly tokens: readonly string[];
  readonly spans: readonly [number, number, string][];
  readonly votes: readonly (readonly [number, number, string][])[];
}

describe.skipIf(!present)('votes on spans (../shared/data/ner/bc5cdr-weak)', () => {
  it('gives better spans than the majority', () => {
    const read = (part: string): Abstract[] =>
      readFileSync(resolve(DATA, 'ner/bc5cdr-weak', `${part}.jsonl`), 'utf8')
        .trim()
        .split('\n')
        .slice(0, 200)
        .map((line) => JSON.parse(line) as Abstract);
    const spansOf = (list: readonly (readonly [number, number, string])[]) =>
      list.map(([start, end, label]) => ({ start, end, label: label === 'Chemical' ? 0 : 1 }));
    const [valid, test] = [read('valid'), read('test')];
    const into = { rows: [] as number[], voters: [] as number[], classes: [] as number[] };
    const first: number[] = [0];
    for (const { tokens, votes } of [...valid, ...test]) {
      tokenVotes(votes.map(spansOf), first.at(-1)!, into);
      first.push(first.at(-1)! + tokens.length);
    }
    const table = voteTable(tokenVoteRows(into, first.at(-1)!, 30, 2));
    const gold = new Int32Array(table.rowCount).fill(-1);
    valid.forEach((one, i) => {
      gold.set(tokenClasses(spansOf(one.spans), one.tokens.length), first[i]!);
    });
    const truth = test.map((one) => spansOf(one.spans));
    const f1 = (model: Parameters<typeof posteriorOf>[0]): number => {
      const posterior = posteriorOf(model, table);
      const found = test.map((_, i) => decodeSpans(posterior, first[valid.length + i]!, first[valid.length + i + 1]!));
      return spanF1(found, truth).f1;
    };
    expect(f1(selectModel(table, gold).model)).toBeGreaterThan(f1(majority(table)) + 0.01);
  });
});
