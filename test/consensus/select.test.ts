/** The contest on gold, streams of votes, several labels per task, and spans. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accuracyOf,
  CANDIDATES,
  dawidSkene,
  decodeSpans,
  labelTable,
  majority,
  oneSidedVoters,
  oneVsRest,
  posteriorOf,
  selectModel,
  spanF1,
  type TokenSpan,
  tokenClasses,
  tokenVoteRows,
  tokenVotes,
  uniformPrior,
  VoteStream,
  voteTable,
  voteTableFromDense,
} from '../../src/consensus/index.ts';
import { plantVotes } from './generate.ts';

const tableOf = (votes: readonly (readonly number[])[], k: number) =>
  voteTableFromDense(votes.flat(), votes[0]!.length, k);

describe('the selector', () => {
  it('takes the majority without a contest when gold is scarce', () => {
    const planted = plantVotes(1, 300, 5, 2);
    const gold = Int32Array.from(planted.truth, (c, i) => (i < 20 ? c : -1));
    const { model, scores, reason } = selectModel(tableOf(planted.votes, 2), gold);
    expect(model.name).toBe('majority');
    expect(scores).toEqual([]);
    expect(reason).toMatch(/needs 30/);
  });

  it('takes a better model where voters differ, and never one that is surely worse', () => {
    // Two good voters among nine that guess: the majority drowns them.
    const planted = plantVotes(5, 3000, 2, 2, 0);
    const noise = plantVotes(9, 3000, 7, 2, 0);
    const votes = planted.votes.map((row, i) => [...row, ...noise.votes[i]!]);
    const table = tableOf(votes, 2);
    const gold = Int32Array.from(planted.truth, (c, i) => (i < 400 ? c : -1));
    const rest = Int32Array.from(planted.truth, (c, i) => (i < 400 ? -1 : c));
    const { model, scores } = selectModel(table, gold);
    expect(model.name).not.toBe('majority');
    expect(scores).toHaveLength(CANDIDATES.length);
    expect(accuracyOf(posteriorOf(model, table), rest)).toBeGreaterThan(
      accuracyOf(posteriorOf(majority(table), table), rest) + 0.1,
    );
  });

  it('is not moved by gains that chance explains', () => {
    let worse = 0;
    for (let seed = 0; seed < 20; seed++) {
      // All voters are alike, so the majority is as good as anything.
      const planted = plantVotes(seed, 500, 7, 2, 0);
      const table = tableOf(planted.votes, 2);
      const gold = Int32Array.from(planted.truth, (c, i) => (i < 100 ? c : -1));
      const rest = Int32Array.from(planted.truth, (c, i) => (i < 100 ? -1 : c));
      const { model } = selectModel(table, gold);
      const loss = accuracyOf(posteriorOf(majority(table), table), rest) - accuracyOf(posteriorOf(model, table), rest);
      if (loss > 0.02) worse++;
    }
    expect(worse).toBeLessThanOrEqual(1);
  });

  it('reports a candidate that fails and goes on without it', () => {
    const planted = plantVotes(2, 200, 4, 2);
    const broken = {
      name: 'broken',
      usesGold: false,
      fit: () => {
        throw new Error('no overlap');
      },
    };
    const { model, scores } = selectModel(tableOf(planted.votes, 2), planted.truth, {
      candidates: [...CANDIDATES, broken],
    });
    expect(scores.at(-1)).toMatchObject({ name: 'broken', error: 'no overlap' });
    expect(model.name).not.toBe('broken');
  });

  it('answers when nobody has voted', () => {
    const table = voteTableFromDense([-1, -1, -1, -1], 2, 3);
    const { model } = selectModel(table, [0, 1]);
    expect([...posteriorOf(model, table).covered]).toEqual([0, 0]);
  });
});

describe('a stream of votes', () => {
  it('answers new rows at once, as a refit would', () => {
    const planted = plantVotes(4, 4000, 8, 3);
    const prior = uniformPrior(3);
    const all = tableOf(planted.votes, 3);
    const first = planted.votes.map((row, i) => (i < 3000 ? row : row.map(() => -1)));
    const stream = new VoteStream(tableOf(first, 3), { prior });
    const pairs = (row: readonly number[]): number[] => row.flatMap((vote, j) => (vote < 0 ? [] : [j * 3 + vote]));
    for (let i = 3000; i < 4000; i++) stream.update([{ row: i, pairs: pairs(planted.votes[i]!) }]);
    const refit = posteriorOf(dawidSkene(all, { prior }), all).probabilities;
    let far = 0;
    for (let i = 3000; i < 4000; i++) {
      const own = stream.posterior(i);
      if (!own) continue;
      for (let c = 0; c < 3; c++) if (Math.abs(own[c]! - refit[i * 3 + c]!) > 0.05) far++;
    }
    expect(far).toBeLessThan(20);
  });

  it('forgets a row whose votes are taken back', () => {
    const planted = plantVotes(6, 500, 5, 2);
    const stream = new VoteStream(tableOf(planted.votes, 2), {
      prior: uniformPrior(2),
      iterationsMax: 200,
      tolerance: 1e-12,
    });
    const before = stream.model.weights.slice();
    const row = planted.votes.findIndex((votes) => votes.some((vote) => vote >= 0));
    stream.update([{ row: 9999, pairs: [0, 3] }]);
    expect(stream.posterior(9999)).toBeDefined();
    stream.update([{ row: 9999, pairs: [] }]);
    expect(stream.posterior(9999)).toBeUndefined();
    stream.model.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(before[i]!, 6);
    });
    stream.update([{ row, pairs: [] }]);
    expect(stream.posterior(row)).toBeUndefined();
  });
});

describe('several labels per task', () => {
  const votes = {
    rowCount: 3,
    voterCount: 3,
    classCount: 3,
    rows: [0, 0, 0, 1, 2],
    voters: [0, 0, 1, 1, 2],
    classes: [0, 2, 0, 1, 0],
  };

  it('asks one question per label; only voters with a choice can say no', () => {
    expect([...oneSidedVoters(votes)]).toEqual([2]);
    const table = labelTable(votes, 1, oneSidedVoters(votes));
    // Voters 0 and 1 deny label 1 on row 0, voter 1 affirms it on row 1, voter 2 has no opinion.
    expect([...table.patternOf]).toEqual([1, 2, 0]);
    expect([...table.pairs]).toEqual([0, 2, 3]);
  });

  it('gives each label its own probability', () => {
    const { probabilities, covered } = oneVsRest(votes, (table) => majority(table));
    expect([...probabilities.subarray(0, 3)]).toEqual([1, 0, 0.5]);
    expect([...covered.subarray(6, 9)]).toEqual([1, 0, 0]);
  });
});

describe('spans', () => {
  const spans: fc.Arbitrary<TokenSpan[]> = fc
    .array(fc.record({ gap: fc.nat(2), length: fc.integer({ min: 1, max: 3 }), label: fc.nat(1) }), { maxLength: 5 })
    .map((parts) => {
      let at = 0;
      return parts.map(({ gap, length, label }) => {
        const start = at + gap;
        at = start + length;
        return { start, end: at, label };
      });
    });

  it('come back from the votes of a voter that is always right', () => {
    fc.assert(
      fc.property(spans, (own) => {
        const tokens = (own.at(-1)?.end ?? 0) + 1;
        const into = { rows: [], voters: [], classes: [] };
        tokenVotes([own], 0, into);
        const table = voteTable(tokenVoteRows(into, tokens, 1, 2));
        expect(decodeSpans(posteriorOf(majority(table), table), 0, tokens)).toEqual(own);
        expect(tokenClasses(own, tokens).filter((c) => c !== 0)).toHaveLength(table.rowCount - table.weights[0]!);
      }),
    );
  });

  it('are never an inside without a begin', () => {
    const table = voteTableFromDense([2, 2, 4], 1, 5);
    expect(decodeSpans(posteriorOf(majority(table), table), 0, 3)).toSatisfy((found: TokenSpan[]) =>
      found.every((one) => one.end > one.start),
    );
  });

  it('are scored by exact match', () => {
    const gold = [
      [
        { start: 0, end: 2, label: 0 },
        { start: 3, end: 4, label: 1 },
      ],
    ];
    expect(
      spanF1(
        [
          [
            { start: 0, end: 2, label: 0 },
            { start: 3, end: 5, label: 1 },
          ],
        ],
        gold,
      ),
    ).toMatchObject({ precision: 0.5, recall: 0.5, f1: 0.5 });
  });
});
