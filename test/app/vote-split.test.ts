import { describe, expect, it } from 'vitest';
import { splitOf } from '../../src/app/suggestions/vote-split.ts';

const votes = (...labels: number[]) => labels.map((label, voter) => ({ voter, label }));

describe('the split of votes', () => {
  it('counts who is against the leading label, and is silent of a single voice', () => {
    expect(splitOf(votes(0, 0, 1, 2))).toEqual({ voters: 4, against: 2 });
    expect(splitOf(votes(1, 1, 1))).toEqual({ voters: 3, against: 0 });
    expect(splitOf(votes(0, 1))).toEqual({ voters: 2, against: 1 });
    expect(splitOf(votes(0))).toBeNull();
    expect(splitOf([])).toBeNull();
    expect(
      splitOf([
        { voter: 3, label: 0 },
        { voter: 3, label: 0 },
      ]),
    ).toBeNull();
  });
});
