/** Votes from planted classes and confusions. */
import { seededRandom } from '../../src/core/random.ts';

export interface Planted {
  /** (rows) true class. */
  readonly truth: Int32Array;
  /** (rows x voters) votes, -1 for silence. */
  readonly votes: number[][];
  /** (voters x classes x votes). */
  readonly confusions: number[][][];
}

export function plantVotes(
  seed: number,
  n: number,
  m: number,
  k: number,
  silence = 0.3,
  prior?: readonly number[],
): Planted {
  const random = seededRandom('planted', seed);
  const draw = (shares: readonly number[]): number => {
    let left = random.next();
    for (let c = 0; c < shares.length; c++) {
      left -= shares[c]!;
      if (left < 0) return c;
    }
    return shares.length - 1;
  };
  const shares = prior ?? Array.from({ length: k }, () => 1 / k);
  const confusions = Array.from({ length: m }, () =>
    Array.from({ length: k }, (_, c) => {
      const right = 0.55 + 0.4 * random.next();
      const rest = Array.from({ length: k }, (_, v) => (v === c ? 0 : 0.1 + random.next()));
      const sum = rest.reduce((a, b) => a + b, 0);
      return rest.map((weight, v) => (v === c ? right : ((1 - right) * weight) / sum));
    }),
  );
  const truth = Int32Array.from({ length: n }, () => draw(shares));
  const votes = Array.from(truth, (c) =>
    Array.from({ length: m }, (_, j) => (random.next() < silence ? -1 : draw(confusions[j]![c]!))),
  );
  return { truth, votes, confusions };
}
