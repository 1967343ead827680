/** Rank-one updates are exact ridge regression under labels coming, going and changing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { RankOneUpdater } from '../../src/heads/rankone.ts';
import { solveLinear, unitRow } from './reference.ts';

const DIM = 4;
const L2 = 0.3;
const BIAS_L2 = 1e-3;

/** Ridge with a bias from the normal equations. */
function slowRidge(rows: readonly Float32Array[], answers: readonly number[]): number[] {
  const extended = rows.map((row) => [...row, 1]);
  const gram = Array.from({ length: DIM + 1 }, (_, i) =>
    Array.from({ length: DIM + 1 }, (_, j) => {
      const own = i === j ? (i === DIM ? BIAS_L2 : L2) : 0;
      return own + extended.reduce((sum, row) => sum + row[i]! * row[j]!, 0);
    }),
  );
  const right = gram.map((_, i) => [extended.reduce((sum, row, k) => sum + row[i]! * answers[k]!, 0)]);
  return solveLinear(gram, right).map((row) => row[0]!);
}

class OnlineRidge {
  readonly weights = new Array<number>(DIM + 1).fill(0);
  readonly #updater = new RankOneUpdater(DIM, L2);

  add(row: Float32Array, answer: number): void {
    const residual = answer - this.#says(row);
    this.#move(this.#updater.add(row, 1), residual);
  }

  remove(row: Float32Array, answer: number): void {
    const residual = answer - this.#says(row);
    this.#move(this.#updater.remove(row, 1), -residual);
  }

  change(row: Float32Array, from: number, to: number): void {
    this.#move(this.#updater.directionOf(row), to - from);
  }

  #says(row: Float32Array): number {
    return this.weights[DIM]! + row.reduce((sum, v, j) => sum + v * this.weights[j]!, 0);
  }

  #move(direction: Float64Array, amount: number): void {
    for (let j = 0; j <= DIM; j++) this.weights[j]! += amount * direction[j]!;
  }
}

describe('rank-one updater', () => {
  it('equals ridge regression from scratch whatever came, went or changed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.integer({ min: -1, max: 1 })), { maxLength: 30 }), (acts) => {
        const random = seededRandom('ridge');
        const rows = Array.from({ length: 6 }, () => unitRow(random, DIM));
        const online = new OnlineRidge();
        const answers = new Map<number, number>();
        for (const [item, answer] of acts) {
          const before = answers.get(item);
          if (before === undefined) {
            online.add(rows[item]!, answer);
            answers.set(item, answer);
          } else if (before === answer) {
            online.remove(rows[item]!, before);
            answers.delete(item);
          } else {
            online.change(rows[item]!, before, answer);
            answers.set(item, answer);
          }
        }
        const items = [...answers.keys()];
        const slow = slowRidge(
          items.map((i) => rows[i]!),
          items.map((i) => answers.get(i)!),
        );
        for (let j = 0; j <= DIM; j++) expect(online.weights[j]!).toBeCloseTo(slow[j]!, 6);
      }),
      { numRuns: 60 },
    );
  });
});
