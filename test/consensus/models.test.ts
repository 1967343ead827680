/** Label models: against a dense reference, on planted confusions, and the properties that each of them owes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ABSTAIN,
  accuracyOf,
  CANDIDATES,
  calibrated,
  confusionsOf,
  dawidSkene,
  goldCounts,
  labelsOf,
  majority,
  posteriorOf,
  priorFromGold,
  uniformPrior,
  voteShares,
  voteTableFromDense,
} from '../../src/consensus/index.ts';
import { plantVotes } from './generate.ts';
import { denseDawidSkene } from './reference.ts';

const matrix = fc
  .record({ n: fc.integer({ min: 1, max: 25 }), m: fc.integer({ min: 1, max: 5 }), k: fc.integer({ min: 2, max: 4 }) })
  .chain(({ n, m, k }) =>
    fc.record({
      k: fc.constant(k),
      votes: fc.array(fc.array(fc.integer({ min: -1, max: k - 1 }), { minLength: m, maxLength: m }), {
        minLength: n,
        maxLength: n,
      }),
      gold: fc.array(fc.integer({ min: -1, max: k - 1 }), { minLength: n, maxLength: n }),
    }),
  );
const tableOf = (votes: readonly (readonly number[])[], k: number) =>
  voteTableFromDense(votes.flat(), votes[0]!.length, k);

describe('every model', () => {
  for (const candidate of CANDIDATES) {
    const probabilities = (votes: readonly (readonly number[])[], gold: readonly number[], k: number): Float64Array => {
      const table = tableOf(votes, k);
      const prior = priorFromGold(gold, k);
      return posteriorOf(candidate.fit({ table, prior, gold: goldCounts(table, gold) }), table).probabilities;
    };

    it(`${candidate.name}: rows sum to 1, and rows without votes keep the prior and abstain`, () => {
      fc.assert(
        fc.property(matrix, ({ votes, gold, k }) => {
          const table = tableOf(votes, k);
          const prior = priorFromGold(gold, k);
          const posterior = posteriorOf(candidate.fit({ table, prior, gold: goldCounts(table, gold) }), table);
          const labels = labelsOf(posterior);
          votes.forEach((row, i) => {
            const own = posterior.probabilities.subarray(i * k, (i + 1) * k);
            expect(own.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
            const silent = row.every((vote) => vote < 0);
            expect(labels[i] === ABSTAIN).toBe(silent);
            if (silent) expect([...own]).toEqual([...prior]);
          });
        }),
        { numRuns: 60 },
      );
    });

    it(`${candidate.name}: permuting voters or rows permutes nothing else`, () => {
      fc.assert(
        fc.property(matrix, ({ votes, gold, k }) => {
          const plain = probabilities(votes, gold, k);
          const voters = probabilities(
            votes.map((row) => [...row].reverse()),
            gold,
            k,
          );
          const rows = probabilities([...votes].reverse(), [...gold].reverse(), k);
          for (let i = 0; i < votes.length; i++) {
            for (let c = 0; c < k; c++) {
              expect(voters[i * k + c]).toBeCloseTo(plain[i * k + c]!, 5);
              expect(rows[(votes.length - 1 - i) * k + c]).toBeCloseTo(plain[i * k + c]!, 5);
            }
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});

describe('Dawid-Skene', () => {
  it('equals the dense loop, although equal rows are computed once and silence costs nothing', () => {
    fc.assert(
      fc.property(matrix, fc.integer({ min: 1, max: 6 }), ({ votes, k }, iterations) => {
        const prior = uniformPrior(k);
        const table = tableOf(votes, k);
        const model = dawidSkene(table, { prior, strength: 3, assumed: 0.8, iterationsMax: iterations, tolerance: 0 });
        const dense = denseDawidSkene(votes, k, { prior: [...prior], strength: 3, assumed: 0.8, iterations });
        const sparse = posteriorOf(model, table).probabilities;
        dense.flat().forEach((value, i) => {
          expect(sparse[i]).toBeCloseTo(value, 8);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('groups rows with equal votes', () => {
    const table = voteTableFromDense([0, 1, 0, 1, -1, -1, 1, -1, 0, 1], 2, 2);
    expect([...table.weights]).toEqual([1, 3, 1]);
    expect([...table.patternOf]).toEqual([1, 1, 0, 2, 1]);
    expect(voteShares(table)).toEqual({ coverage: 0.8, overlap: 0.6, conflict: 0.6 });
  });

  it.each([2, 4])('recovers planted confusions of %i classes within 0.02', (k) => {
    const planted = plantVotes(7, 30_000, 12, k);
    const table = tableOf(planted.votes, k);
    const model = dawidSkene(table);
    const found = confusionsOf(model, table);
    let worst = 0;
    planted.confusions.flat(2).forEach((share, i) => {
      worst = Math.max(worst, Math.abs(share - found[i]!));
    });
    expect(worst).toBeLessThan(0.02);
    const right = planted.votes.map((_, i) => planted.truth[i]!);
    const best = accuracyOf(posteriorOf(model, table), right);
    expect(best).toBeGreaterThan(accuracyOf(posteriorOf(majority(table), table), right));
  });

  it('hears what silence says', () => {
    // Voter 1 speaks on half of class 1 and never on class 0; voter 0 is right three times out of four.
    const planted = plantVotes(3, 4000, 3, 2, 0);
    const votes = planted.votes.map((row, i) => [...row, planted.truth[i] === 1 && i % 2 === 0 ? 1 : -1]);
    const table = tableOf(votes, 2);
    const score = (abstainCounts: boolean): number =>
      accuracyOf(posteriorOf(dawidSkene(table, { abstainCounts }), table), planted.truth);
    expect(score(true)).toBeGreaterThan(score(false));
  });
});

describe('majority', () => {
  it('shares credit between ties and leaves rows without votes out', () => {
    const table = voteTableFromDense([0, 1, 0, 0, -1, -1], 2, 2);
    const posterior = posteriorOf(majority(table), table);
    expect(accuracyOf(posterior, [0, 0, 0])).toBe(0.75);
    expect(accuracyOf(posterior, [0, 1, 1], 1)).toBeCloseTo(0.5, 12);
    expect([...labelsOf(posterior)]).toEqual([0, 0, ABSTAIN]);
  });
});

describe('calibration', () => {
  it('makes the posterior likelier on gold and changes no answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(...CANDIDATES), (seed, candidate) => {
        const planted = plantVotes(seed, 400, 6, 3);
        const table = tableOf(planted.votes, 3);
        const gold = goldCounts(table, planted.truth);
        const plain = candidate.fit({ table, prior: uniformPrior(3), gold });
        const warm = calibrated(plain, table, gold);
        const loss = (probabilities: Float64Array): number =>
          planted.truth.reduce((sum, c, i) => sum - Math.log(Math.max(probabilities[i * 3 + c]!, 1e-12)), 0);
        const [before, after] = [posteriorOf(plain, table), posteriorOf(warm, table)];
        if (plain.form === 'softmax')
          expect(loss(after.probabilities)).toBeLessThanOrEqual(loss(before.probabilities) + 1e-6);
        expect(accuracyOf(after, planted.truth)).toBeCloseTo(accuracyOf(before, planted.truth), 2);
      }),
      { numRuns: 30 },
    );
  });
});
