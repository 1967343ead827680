/** The answer that stands for all: against counting, and on regions that only nearly agree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agreementOf, elect } from '../../src/consensus/index.ts';
import type { Region } from '../../src/core/domain.ts';

const choice = (label: string): Region[] => [
  { from_name: 'c', to_name: 't', type: 'choices', value: { choices: [label] } },
];
const span = (start: number, end: number, label = 'PER'): Region => ({
  from_name: 's',
  to_name: 't',
  type: 'labels',
  value: { start, end, text: 'x'.repeat(end - start), labels: [label] },
});

describe('election', () => {
  it('of one choice per task is the plurality, the first of equals', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 2, maxLength: 9 }), (labels) => {
        const count = (label: string): number => labels.filter((one) => one === label).length;
        const most = Math.max(...labels.map(count));
        const { index, agreement } = elect(labels.map(choice));
        expect(index).toBe(labels.findIndex((label) => count(label) === most));
        expect(agreement).toBeCloseTo((most - 1) / (labels.length - 1), 12);
      }),
    );
  });

  it('of spans is the work closest to all the others', () => {
    const results = [
      [span(0, 5), span(10, 15)],
      [span(0, 5), span(10, 14), span(20, 25)],
      [span(0, 5), span(10, 15), span(20, 25)],
      [],
    ];
    expect(elect(results).index).toBe(2);
    expect(elect([results[0]!])).toEqual({ index: 0, agreement: null });
  });

  it('counts places by their overlap and other labels not at all', () => {
    expect(agreementOf([], [])).toBe(1);
    expect(agreementOf([span(0, 5)], [])).toBe(0);
    expect(agreementOf([span(0, 10)], [span(0, 5)])).toBeCloseTo(0.5, 12);
    expect(agreementOf([span(0, 10)], [span(0, 10, 'LOC')])).toBe(0);
    expect(agreementOf([span(0, 10), span(20, 30)], [span(0, 10)])).toBeCloseTo(2 / 3, 12);
  });
});
