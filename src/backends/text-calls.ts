/** How many tokens of text go into one call to the engine, for every runtime that reads texts in groups of like length. */
import type { CallSize } from './runtime.ts';
import { planByLength, probeLengths } from './token-plan.ts';

export interface TextCallOptions {
  /** Padded tokens. */
  readonly standard: number;
  readonly choices: readonly number[];
  /** No text is longer for this model. */
  readonly tokensMax: number;
  /** What one more call costs, in tokens. */
  readonly callTokens: number;
  /** One call over made-up texts of these lengths, the longest first. */
  readonly call: (lengths: readonly number[]) => Promise<unknown>;
}

export class TextCalls implements CallSize {
  readonly standard: number;
  readonly choices: readonly number[];
  size: number;
  readonly #options: TextCallOptions;

  constructor(options: TextCallOptions) {
    this.standard = options.standard;
    this.choices = options.choices;
    this.size = options.standard;
    this.#options = options;
  }

  use(size: number): void {
    this.size = size;
  }

  async probe(size: number): Promise<number> {
    const { tokensMax, callTokens, call } = this.#options;
    const lengths = probeLengths(tokensMax);
    for (const group of planByLength(lengths, size, callTokens)) await call(group.map((i) => lengths[i]!));
    return lengths.reduce((sum, length) => sum + length, 0);
  }
}
