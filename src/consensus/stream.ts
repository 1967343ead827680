/** Votes as they arrive: Dawid-Skene kept up to date row by row (incremental EM, Neal and Hinton 1998), without a refit. */
import { type DawidSkeneOptions, dawidSkene, modelFrom, voterRates } from './dawid-skene.ts';
import { gather, type VoteStatistics } from './expectation.ts';
import { type LabelModel, patternPosterior, softmax, voterAccuracy } from './model.ts';
import type { VoteTable } from './votes.ts';

/** The votes that a row has now: voter * classCount + class each. */
export interface RowVotes {
  readonly row: number;
  readonly pairs: readonly number[];
}

/**
 * A fitted Dawid-Skene model that new and changed rows update in time proportional to their votes: a row's old share of
 * the statistics is taken out, its posterior computed, its new share put in.
 */
export class VoteStream {
  readonly #k: number;
  readonly #voterCount: number;
  readonly #options: DawidSkeneOptions;
  readonly #rates: Float64Array;
  readonly #statistics: VoteStatistics;
  readonly #pairsOf = new Map<number, readonly number[]>();
  readonly #posteriorOf = new Map<number, Float64Array>();
  #model: LabelModel;

  constructor(table: VoteTable, options: DawidSkeneOptions = {}) {
    this.#k = table.classCount;
    this.#voterCount = table.voterCount;
    this.#options = options;
    this.#rates = voterRates(table);
    const fitted = dawidSkene(table, options);
    const posterior = patternPosterior(fitted, table);
    this.#statistics = gather(table, posterior);
    this.#model = { ...fitted, accuracy: voterAccuracy(table, posterior) };
    for (let row = 0; row < table.rowCount; row++) {
      const pattern = table.patternOf[row]!;
      if (pattern === 0) continue;
      this.#pairsOf.set(row, [...table.pairs.subarray(table.starts[pattern]!, table.starts[pattern + 1]!)]);
      this.#posteriorOf.set(row, posterior.slice(pattern * this.#k, (pattern + 1) * this.#k));
    }
  }

  get model(): LabelModel {
    return this.#model;
  }

  /** Posterior of a row with votes; undefined for one without, which stays abstained. */
  posterior(row: number): Float64Array | undefined {
    return this.#posteriorOf.get(row);
  }

  /** Takes in the rows' votes, all at once per row; an empty list takes a row out. Voters and classes stay as they were. */
  update(changes: readonly RowVotes[]): void {
    for (const { row, pairs } of changes) {
      this.#shift(row, -1);
      if (pairs.length === 0) {
        this.#pairsOf.delete(row);
        this.#posteriorOf.delete(row);
        continue;
      }
      this.#pairsOf.set(row, [...new Set(pairs)]);
      this.#posteriorOf.set(row, this.#answer(pairs));
      this.#shift(row, 1);
    }
    const { accuracy } = this.#model;
    this.#model = { ...modelFrom(this.#voterCount, this.#k, this.#statistics, this.#rates, this.#options), accuracy };
  }

  #answer(pairs: readonly number[]): Float64Array {
    const out = this.#model.bias.slice();
    for (const pair of new Set(pairs)) {
      for (let c = 0; c < this.#k; c++) out[c]! += this.#model.weights[pair * this.#k + c]!;
    }
    softmax(out);
    return out;
  }

  #shift(row: number, sign: 1 | -1): void {
    const posterior = this.#posteriorOf.get(row);
    if (!posterior) return;
    const { totals, counts } = this.#statistics;
    for (let c = 0; c < this.#k; c++) {
      totals[c]! += sign * posterior[c]!;
      for (const pair of this.#pairsOf.get(row)!) counts[pair * this.#k + c]! += sign * posterior[c]!;
    }
  }
}
