/** Dawid-Skene as the paper has it, dense and ungrouped: every voter of every row, silence as one more answer. */

export interface DenseOptions {
  readonly prior: readonly number[];
  readonly strength: number;
  readonly assumed: number;
  readonly iterations: number;
}

/** @param votes (rows x voters) classes, -1 for silence; rows without any vote take no part. Returns (rows x classes). */
export function denseDawidSkene(votes: readonly (readonly number[])[], k: number, options: DenseOptions): number[][] {
  const m = votes[0]?.length ?? 0;
  const { prior, strength, assumed, iterations } = options;
  const covered = votes.map((row) => row.some((vote) => vote >= 0));
  const n = covered.filter(Boolean).length;
  const rate = Array.from({ length: m }, (_, j) => (votes.filter((row) => row[j]! >= 0).length + 0.5) / (n + 1));
  let posterior = votes.map((row) => {
    const counts = Array.from({ length: k }, (_, c) => row.filter((vote) => vote === c).length);
    const sum = counts.reduce((a, b) => a + b, 0);
    return sum === 0 ? [...prior] : counts.map((count) => count / sum);
  });
  for (let step = 0; step < iterations; step++) {
    const total = Array.from({ length: k }, (_, c) =>
      posterior.reduce((sum, p, i) => sum + (covered[i] ? p[c]! : 0), 0),
    );
    const chance = (j: number, answer: number, c: number): number => {
      const seen = posterior.reduce((sum, p, i) => sum + (covered[i] && votes[i]![j] === answer ? p[c]! : 0), 0);
      const share = answer === -1 ? 1 - rate[j]! : rate[j]! * (answer === c ? assumed : (1 - assumed) / (k - 1));
      return (seen + strength * share) / (total[c]! + strength);
    };
    const table = Array.from({ length: m }, (_, j) =>
      Array.from({ length: k + 1 }, (_, a) => Array.from({ length: k }, (_, c) => Math.log(chance(j, a - 1, c)))),
    );
    posterior = votes.map((row, i) => {
      if (!covered[i]) return [...prior];
      const score = prior.map((share, c) =>
        row.reduce((sum, vote, j) => sum + table[j]![vote + 1]![c]!, Math.log(share)),
      );
      const most = Math.max(...score);
      const weights = score.map((one) => Math.exp(one - most));
      const sum = weights.reduce((a, b) => a + b, 0);
      return weights.map((weight) => weight / sum);
    });
  }
  return posterior;
}
