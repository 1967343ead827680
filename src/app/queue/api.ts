/** The queue and the answers given to it, as interfaces in plain data. */
import type { Annotation, Region, Task } from '../../core/domain.ts';
import type { Page } from '../../store/ports/page.ts';
import type { Identity } from '../app.ts';
import type { PredictionView } from '../suggestions/api.ts';

/** Why a task stands where it stands: numbers, and one sentence made of them. */
export interface QueueReason {
  readonly strategy: string;
  /** `seed`, `uncertainty`, `random`, `blind`, `overlap`, `sequential`... */
  readonly phase: string;
  readonly rank: number;
  readonly score: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly margin: number | null;
  /** Euclidean distance on the unit sphere, 0..2, to the nearest labeled task. */
  readonly distance: number | null;
  readonly density: number | null;
  /** Share of the labelers (rules, models, look-alikes) against the leading label; null with fewer than two votes. */
  readonly disagreement: number | null;
  readonly sentence: string;
}

export interface QueueItem {
  readonly task: Task;
  /** Null on blind tasks and while there is no model. */
  readonly prediction: PredictionView | null;
  /** The label whose name alone fits, before there is a model: shown, never counted. Null on blind tasks. */
  readonly guess: string | null;
  /** Null on blind tasks, so that the page shows nothing that a normal task would not. */
  readonly reason: QueueReason | null;
  readonly blind: boolean;
  /** Milliseconds since the epoch. */
  readonly leaseExpiresAt: number;
}

export interface QueueState {
  readonly strategy: string;
  readonly embedder: string;
  readonly phase: string;
  /** Tasks that the policy can rank (embedded), of `tasks`. */
  readonly ranked: number;
  readonly tasks: number;
  /** Null when the policy does not count them. */
  readonly annotationsUntilRetrain: number | null;
  readonly modelVersion: string | null;
  readonly modelNumber: number | null;
}

export interface QueueApi {
  /**
   * Leases the next task to this annotator; undefined when nothing is left for them. Tasks they hold already come first
   * and are prolonged, except those of `exclude`: what a page that fetches ahead has or has just answered.
   */
  next(projectId: number, who: Identity, options?: { exclude?: readonly number[] }): Promise<QueueItem | undefined>;
  /** Gives a lease back without an answer; `postpone` puts the task behind all others for this annotator. */
  release(taskId: number, who: Identity, options?: { postpone?: boolean }): Promise<void>;
  /** The head of the queue with reasons, without leasing anything. */
  preview(projectId: number, limit: number): Promise<{ task: Task; reason: QueueReason }[]>;
  state(projectId: number): Promise<QueueState>;
  /** Recomputes the order from scratch. */
  rank(projectId: number): Promise<QueueState>;
  /** Milliseconds from a stored annotation to the new order, for the last ones of the project. */
  rerankTimesMs(projectId: number): number[];
}

export interface AnswerInput {
  readonly taskId: number;
  readonly result: readonly Region[];
  readonly skipped?: boolean;
  readonly groundTruth?: boolean;
  readonly visibleMs?: number | null;
  readonly via?: Annotation['via'];
  readonly parentPrediction?: number | null;
  readonly note?: string;
  /** The client's key for this answer; a repeated submit is answered with the first one. */
  readonly submissionId?: string;
}

export interface AnnotationsApi {
  /** Durable when it resolves. `created: false` for a repeated submissionId. */
  submit(input: AnswerInput, who: Identity): Promise<{ annotation: Annotation; created: boolean }>;
  get(id: number): Promise<Annotation>;
  update(id: number, change: Partial<AnswerInput>, who: Identity): Promise<Annotation>;
  /** Takes an answer back; `lease` gives the task to its author again in the same step, so that nobody comes between. */
  delete(id: number, options?: { lease?: boolean }): Promise<void>;
  ofTask(taskId: number): Promise<Annotation[]>;
  list(projectId: number, page: Page): Promise<Annotation[]>;
  recent(projectId: number, who: Identity, limit: number): Promise<Annotation[]>;
}
