/** Real votes: the label model chosen on the validation split, scored on the test split. Bars from the issue. */
import { describe, expect, it } from 'vitest';
import { accuracyOf, majority, posteriorOf, selectModel } from '../../src/consensus/index.ts';
import { hasWeakVotes, readSpanSet, readWeakSet } from './weak.ts';

const present = hasWeakVotes || process.env.CI === 'true';

describe.skipIf(!present)('votes of rules (../shared/data/weak)', () => {
  it.each([
    ['youtube', 2, 0.835],
    ['sms', 2, 0.88],
    ['semeval', 9, 0.765],
    ['yoruba', 7, 0.575],
  ])('%s reaches its bar', (name, k, bar) => {
    const { table, gold, testTable, truth, unvoted } = readWeakSet(name, k);
    const chosen = posteriorOf(selectModel(table, gold).model, testTable);
    const floor = posteriorOf(majority(testTable), testTable);
    expect(accuracyOf(chosen, truth, unvoted)).toBeGreaterThanOrEqual(bar);
    expect(accuracyOf(chosen, truth, unvoted)).toBeGreaterThanOrEqual(accuracyOf(floor, truth, unvoted) - 0.01);
    if (name === 'sms') expect(accuracyOf(chosen, truth)).toBeGreaterThanOrEqual(0.945);
  });
});

describe.skipIf(!present)('votes on spans (../shared/data/ner/bc5cdr-weak)', () => {
  it('gives better spans than the majority', () => {
    const { table, gold, f1 } = readSpanSet(200);
    const chosen = f1(posteriorOf(selectModel(table, gold).model, table));
    expect(chosen).toBeGreaterThan(f1(posteriorOf(majority(table), table)) + 0.01);
  });
});
