/**
 * Heavy loops off the serving thread: a port. One learner per project and control lives in one thread, because its
 * matrix does not move; fitting and scoring frozen heads are stateless and go to whichever thread is free.
 */
import type { SuggestionFit, SuggestionModel } from '../consensus/index.ts';
import type { JsonObject } from '../core/json.ts';
import type { Judged, WholeFigures } from '../heads/index.ts';
import type { RuleCompute } from './rules-compute.ts';

export interface LearnerSpec {
  readonly dim: number;
  /** Names: a head that is installed is matched to them. */
  readonly classes: readonly string[];
  /** Several classes may hold at once (one-vs-rest) instead of exactly one. */
  readonly multiple: boolean;
  readonly seed: number;
  readonly strategy: string;
  /** Answers are numbers, one `share` each: there are no classes and there is no head. */
  readonly numbers?: boolean;
  /** Rows to make room for at once; more may come. */
  readonly expectedRows: number;
}

/** A human answer: the shares of the classes among the annotations of the task, or null for none. */
export interface Answer {
  readonly ordinal: number;
  /** One share per class, 0..1. */
  readonly shares: readonly number[] | null;
}

export interface Ranked {
  readonly ordinal: number;
  readonly score: number;
  /** `seed`: chosen without labels. `uncertainty`: chosen by what the head does not know. */
  readonly phase: 'seed' | 'uncertainty';
  /** Calibrated, classes values; null before there is a head. */
  readonly probabilities: readonly number[] | null;
  readonly margin: number | null;
  /** Euclidean distance on the unit sphere, 0..2, to the nearest answered task; null when there is none. */
  readonly distance: number | null;
  /** 0..1: high in a crowd, low for an outlier; null where no embeddings stand behind the order. */
  readonly density: number | null;
}

export interface Learner {
  /** Rows are unit vectors, (n x dim); they are copied. */
  addRows(ordinals: Uint32Array, rows: Float32Array): Promise<void>;
  removeRows(ordinals: Uint32Array): Promise<void>;
  answer(answers: readonly Answer[]): Promise<void>;
  /** Says that the rows are complete for now, so that orders see the pool exactly as a fresh learner would. */
  settle(): Promise<void>;
  /**
   * The best `limit` unanswered tasks, best first: none of `without` (the blind slice), none of `pending` (out with
   * annotators), and nothing that `pending` already covers. `strategy`: another one, for this order only.
   */
  order(limit: number, without: Uint32Array, pending: Uint32Array, strategy?: string): Promise<Ranked[]>;
  /** Calibrated probabilities (n x classes) of the live head; null while there is none. */
  suggest(ordinals: Uint32Array): Promise<Float32Array | null>;
  /** What a fit would stand on; `contrasting`: there are two answers to tell apart. */
  labelState(): Promise<{ labels: number; contrasting: boolean }>;
  /**
   * Fits on all answers with everything cross-validated. Null while the answers hold fewer than two classes. `unproven`:
   * ordinals whose label no person has given; they teach, and no figure counts them.
   */
  train(unproven: Uint32Array): Promise<TrainedHead | null>;
  /** Serves this head; `frozen` heads do not learn from further answers. */
  install(head: Uint8Array, frozen: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface TrainedHead {
  /** Serialised; `Compute.predict` and `Learner.install` read it. */
  readonly head: Uint8Array;
  readonly trainedOn: number;
  /** accuracy, macroF1, nll, ece: all out of fold, over labels that people gave; only n = 0 where those are too few. */
  readonly metrics: JsonObject;
  /** Ordinals of the answered tasks and, for each, the out-of-fold probabilities (n x classes). */
  readonly ordinals: Uint32Array;
  readonly outOfFold: Float32Array;
}

export interface Compute {
  openLearner(spec: LearnerSpec): Promise<Learner>;
  /**
   * Calibrated probabilities (n x classes) of a serialised head for rows (n x dim), in the order of `classes`: labels
   * may have come, gone or moved since it was trained.
   */
  predict(head: Uint8Array, rows: Float32Array, classes: readonly string[]): Promise<Float32Array>;
  readonly rules: RuleCompute;
  /** Fits the label model of a project on its votes and gold. */
  fitSuggestion(fit: SuggestionFit): Promise<SuggestionModel>;
  /** Figures over all held-out answers, resampled; the matrices go to the thread and are empty here afterwards. */
  wholeFigures(judged: Judged): Promise<WholeFigures>;
  close(): Promise<void>;
}
