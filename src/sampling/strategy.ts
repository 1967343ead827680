/** The shape of a query strategy: from what is known about a pool to the items worth labeling next. */
import type { Link } from '../heads/link.ts';
import type { AcquisitionName } from './acquisition.ts';
import type { Committee } from './committee.ts';
import type { Coverage } from './coverage.ts';
import type { RowStore } from './rows.ts';

/** One chosen item. `score`: acquisition score, higher = sooner; its unit is the strategy's. */
export interface Pick {
  readonly ordinal: number;
  readonly score: number;
}

/** What the current head says about the pool. */
export interface PoolPredictions {
  readonly link: Link;
  /** 1 / temperature. */
  readonly scale: number;
  readonly classCount: number;
  /** Probabilities (classCount) of one item, written to `out[at ...]`, 0..1. */
  probabilitiesInto(ordinal: number, out: Float32Array, at: number): void;
  /** Scores (ordinals) of some items by a named acquisition score. */
  scores(name: AcquisitionName, ordinals: Int32Array): Float32Array;
  /** The k of `candidates` (ascending) with the highest score, best first: exact, ties to the lowest ordinal. */
  top(name: AcquisitionName, candidates: Int32Array, k: number): Pick[];
}

/** Everything a strategy may look at. Plain and read-only. */
export interface QueryContext {
  readonly rows: RowStore;
  /** Ordinals that may be chosen, ascending. */
  readonly candidates: Int32Array;
  /** Ordinals with a label, ascending, and their (most likely) class. */
  readonly labeled: Int32Array;
  readonly labeledClass: Int32Array;
  /** Ordinals handed out to somebody and not answered yet: as good as labeled for diversity. */
  readonly pending: Int32Array;
  readonly classCount: number;
  /** null until two classes have labels. */
  readonly predictions: PoolPredictions | null;
  readonly coverage: Coverage;
  /** Trained when first asked for; null while there are no predictions. */
  committee(): Committee | null;
  readonly seed: number;
}

export interface QueryStrategy {
  readonly name: string;
  /** One sentence for the settings page. */
  readonly summary: string;
  /** Where the method comes from. */
  readonly source: string;
  /** Without a head such a strategy leaves the choice to the label-free seed. */
  readonly needsHead: boolean;
  /** What it asks is a fair sample of the pool: each label counts alike and speaks for its own row only. */
  readonly unbiased?: boolean;
  /** Not defined for multi-label heads. */
  readonly singleChoiceOnly?: boolean;
  /**
   * Up to k distinct candidates, best first, scores not increasing. Deterministic in the context.
   * With fewer candidates than k it returns them all.
   */
  pick(context: QueryContext, k: number): Pick[];
}
