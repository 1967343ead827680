/** The suggestion: votes and a calibrated head weighed together, never worse than the head alone, honest about what is measured. */
import { describe, expect, it } from 'vitest';
import { fitSuggestion, type SuggestionFit, type VoterVote, weighVotes } from '../../src/consensus/index.ts';
import { seededRandom } from '../../src/core/random.ts';
import { plantVotes } from './generate.ts';

const NO_HEAD = { headRows: new Uint32Array(0), headProbabilities: new Float32Array(0) };

/** A head that is right as often as it says: log-odds drawn around the truth. */
function plantHead(seed: number, truth: Int32Array, k: number, strength: number): Float32Array {
  const random = seededRandom('head', seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const out = new Float32Array(truth.length * k);
  for (let row = 0; row < truth.length; row++) {
    // Each class has a unit-variance score with mean `strength` for the true one: the exact posterior is a softmax of strength x score.
    const scores = Array.from({ length: k }, (_, c) => strength * ((c === truth[row] ? strength : 0) + gauss()));
    const most = Math.max(...scores);
    const sum = scores.reduce((a, score) => a + Math.exp(score - most), 0);
    scores.forEach((score, c) => {
      out[row * k + c] = Math.exp(score - most) / sum;
    });
  }
  return out;
}

const votesOfRow = (row: readonly number[]): VoterVote[] =>
  row.flatMap((label, voter) => (label < 0 ? [] : [{ voter, label }]));

function columns(votes: readonly (readonly number[])[], voterCount: number, classCount: number) {
  const rows: number[] = [];
  const voters: number[] = [];
  const classes: number[] = [];
  votes.forEach((own, row) => {
    for (const { voter, label } of votesOfRow(own)) {
      rows.push(row);
      voters.push(voter);
      classes.push(label);
    }
  });
  return { rowCount: votes.length, voterCount, classCount, rows, voters, classes };
}

function planted(seed: number, goldRows: number, strength = 1.2, silence = 0.3) {
  const [n, m, k] = [2_000, 5, 3];
  const { truth, votes } = plantVotes(seed, n, m, k, silence);
  const head = plantHead(seed, truth, k, strength);
  const gold = truth.map((label, row) => (row < goldRows ? label : -1));
  const fit: SuggestionFit = {
    votes: columns(votes, m, k),
    multiple: false,
    gold,
    headRows: Uint32Array.from({ length: goldRows }, (_, i) => i),
    headProbabilities: head.slice(0, goldRows * k),
  };
  return { k, truth, votes, head, fit };
}

const best = (row: ArrayLike<number>): number => {
  const all = Array.from(row);
  return all.indexOf(Math.max(...all));
};

describe('the suggestion', () => {
  it('is exactly the head where nobody else says anything', () => {
    const { fit } = planted(1, 300);
    const model = fitSuggestion(fit);
    expect([...weighVotes(model, [], [0.2, 0.5, 0.3])!.probabilities]).toEqual([0.2, 0.5, 0.3]);
    expect(weighVotes(model, [], null)).toBeNull();
  });

  it.each([1, 2, 3])('knows more than the head and more than the votes, and is calibrated (seed %i)', (seed) => {
    const { k, truth, votes, head, fit } = planted(seed, 300);
    const model = fitSuggestion(fit);
    const right = { head: 0, votes: 0, both: 0, n: 0 };
    const bins = Array.from({ length: 10 }, () => ({ n: 0, sum: 0, right: 0 }));
    for (let row = 300; row < votes.length; row++) {
      const own = votesOfRow(votes[row]!);
      if (own.length === 0) continue;
      const opinion = head.subarray(row * k, (row + 1) * k);
      const both = weighVotes(model, own, opinion)!;
      expect(both.measured).toBe(true);
      const answer = best(both.probabilities);
      const bin = bins[Math.min(9, Math.floor(10 * both.probabilities[answer]!))]!;
      bin.n += 1;
      bin.sum += both.probabilities[answer]!;
      bin.right += Number(answer === truth[row]);
      right.n += 1;
      right.head += Number(best(opinion) === truth[row]);
      right.votes += Number(best(weighVotes(model, own, null)!.probabilities) === truth[row]);
      right.both += Number(answer === truth[row]);
    }
    expect(right.both / right.n).toBeGreaterThan(right.head / right.n + 0.03);
    expect(right.both / right.n).toBeGreaterThan(right.votes / right.n + 0.01);
    const error = bins.reduce((sum, bin) => sum + Math.abs(bin.sum - bin.right), 0) / right.n;
    expect(error).toBeLessThan(0.05);
  });

  it('leaves a good head alone when the votes are noise', () => {
    const { k, truth, votes, head, fit } = planted(4, 400, 2);
    const random = seededRandom('noise', 4);
    const noise = votes.map((row) => row.map((label) => (label < 0 ? -1 : Math.floor(3 * random.next()))));
    const model = fitSuggestion({ ...fit, votes: columns(noise, 5, k) });
    let [own, pooled] = [0, 0];
    for (let row = 400; row < noise.length; row++) {
      const opinion = head.subarray(row * k, (row + 1) * k);
      own += Number(best(opinion) === truth[row]);
      pooled += Number(best(weighVotes(model, votesOfRow(noise[row]!), opinion)!.probabilities) === truth[row]);
    }
    expect(pooled).toBeGreaterThan(own - 0.01 * (noise.length - 400));
  });

  it('believes rules before anything is annotated, and says that it has not measured them', () => {
    const { k, votes, fit } = planted(5, 0);
    const model = fitSuggestion({ ...fit, ...NO_HEAD, gold: new Int32Array(votes.length).fill(-1) });
    const opinion = weighVotes(model, [{ voter: 0, label: 2 }], null)!;
    expect(opinion.measured).toBe(false);
    expect(best(opinion.probabilities)).toBe(2);
    expect(opinion.probabilities).toHaveLength(k);
  });

  it('estimates how often a voter is right by what people say, not by how often it speaks alone', () => {
    const random = seededRandom('alone', 1);
    const truth = Array.from({ length: 400 }, () => Math.floor(2 * random.next()));
    const shares = [0.95, 0.7];
    // Nobody ever contradicts them: each task has one vote.
    const votes = truth.map((label, row) => {
      const said = random.next() < shares[row % 2]! ? label : 1 - label;
      return row % 2 === 0 ? [said, -1] : [-1, said];
    });
    const gold = Int32Array.from(truth, (label, row) => (row < 200 ? label : -1));
    const model = fitSuggestion({ ...NO_HEAD, votes: columns(votes, 2, 2), multiple: false, gold });
    expect(model.accuracy[0]).toBeGreaterThan(0.85);
    expect(Math.abs(model.accuracy[1]! - 0.7)).toBeLessThan(0.1);
  });

  it('does not depend on the order of voters', () => {
    const { fit, votes } = planted(6, 200);
    const turned = votes.map((row) => [...row].reverse());
    const a = fitSuggestion({ ...fit, ...NO_HEAD });
    const b = fitSuggestion({ ...fit, ...NO_HEAD, votes: columns(turned, 5, 3) });
    for (let row = 0; row < 200; row++) {
      const one = weighVotes(a, votesOfRow(votes[row]!), null);
      const other = weighVotes(b, votesOfRow(turned[row]!), null);
      one?.probabilities.forEach((p, c) => {
        expect(other!.probabilities[c]).toBeCloseTo(p, 6);
      });
    }
  });

  it('asks one question per label where several may hold: a rule for one label does not deny the others', () => {
    const random = seededRandom('labels', 7);
    const [n, k] = [600, 2];
    const truth = Array.from({ length: n }, () => [random.next() < 0.5, random.next() < 0.3]);
    const rule = (label: number) => (row: number) => truth[row]![label] && random.next() < 0.8;
    const fires = [rule(0), rule(1)];
    const rows: number[] = [];
    const voters: number[] = [];
    for (let row = 0; row < n; row++) {
      fires.forEach((fire, voter) => {
        if (!fire(row)) return;
        rows.push(row);
        voters.push(voter);
      });
    }
    const gold = Int32Array.from(truth.flat(), Number);
    const votes = { rowCount: n, voterCount: 2, classCount: k, rows, voters, classes: voters };
    const model = fitSuggestion({ votes, multiple: true, gold, ...NO_HEAD });
    const first = weighVotes(model, [{ voter: 0, label: 0 }], [0.5, 0.8])!;
    expect(first.probabilities[0]).toBeGreaterThan(0.8);
    expect(first.probabilities[1]).toBeCloseTo(0.8, 6);
  });

  it('counts the labels that a voter gives where several may hold, not those it is silent about', () => {
    const [n, k] = [400, 10];
    const random = seededRandom('given labels', 8);
    const gold = new Int32Array(n * k);
    for (let row = 0; row < n; row++) gold[row * k] = Number(random.next() < 0.5);
    // It says the first two of ten each time: the first holds in half of the tasks, the second never.
    const rows = Array.from({ length: 2 * n }, (_, i) => i >> 1);
    const votes = {
      rowCount: n,
      voterCount: 1,
      classCount: k,
      rows,
      voters: rows.map(() => 0),
      classes: rows.map((_, i) => i % 2),
    };
    const model = fitSuggestion({ votes, multiple: true, gold, ...NO_HEAD });
    const first = gold.reduce((sum, one) => sum + one, 0);
    expect(model.accuracy[0]).toBeCloseTo(first / (2 * n), 6);
  });
});
