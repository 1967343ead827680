/** The pass by kernels gives what plain loops give. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gaussian, seededRandom } from '../../src/core/random.ts';
import { kernelSweep, plainSweep, type Settle } from '../../src/heads/sweep.ts';

describe('a pass over the items of a fit', () => {
  it('by kernels is the one by plain loops, whatever the shape, with rows cut short', () => {
    const upTo = (max: number) => fc.integer({ min: 1, max });
    fc.assert(
      fc.property(upTo(150), upTo(9), upTo(7), (n, width, classCount) => {
        const random = seededRandom('sweep', n);
        const values = (count: number): Float64Array => Float64Array.from({ length: count }, () => gaussian(random));
        const features = Array.from({ length: n }, () => values(1 + random.int(width)));
        const [weights, before] = [values(width * classCount), values(width * classCount)];
        const seen: number[][] = [];
        const settle: Settle = (first, count, table, pitch) => {
          for (let r = 0; r < count; r++) {
            for (let c = 0; c < classCount; c++) {
              const at = r * pitch + c;
              seen.push([first + r, c, table[at]!]);
              table[at] = Math.tanh(table[at]! + first + r);
            }
          }
        };
        const outcomes = [plainSweep, kernelSweep].map((sweep) => {
          const pass = sweep({ features, width, classCount });
          // The second pass must not see anything of the first.
          pass(before, new Float64Array(width * classCount), settle);
          seen.length = 0;
          const gradient = before.slice();
          pass(weights, gradient, settle);
          return { gradient, seen: [...seen] };
        });
        const [plain, fast] = outcomes;
        expect(fast!.seen.map(([i, c]) => [i, c])).toEqual(plain!.seen.map(([i, c]) => [i, c]));
        for (const [at, [, , value]] of plain!.seen.entries()) expect(fast!.seen[at]![2]).toBeCloseTo(value!, 12);
        for (const [at, value] of plain!.gradient.entries()) expect(fast!.gradient[at]).toBeCloseTo(value, 11);
      }),
      { numRuns: 30 },
    );
  });
});
