/** Stored predictions: a port of the store. */
import type { IsoTime, Prediction } from '../../core/domain.ts';

export interface NewPrediction extends Omit<Prediction, 'id' | 'createdAt'> {
  /** Of the task as it was looked at: a task with other data, or none, gets no prediction. Left out: it must be there. */
  readonly ordinal?: number;
}

export interface PredictionStore {
  /** Returns those that were added. */
  add(predictions: readonly NewPrediction[]): Promise<Prediction[]>;
  get(id: number): Promise<Prediction | undefined>;
  ofTasks(taskIds: readonly number[]): Promise<Prediction[]>;
  update(id: number, change: Pick<Prediction, 'result' | 'score'>): Promise<Prediction>;
  /** Answers that began with it are told from no prediction afterwards. */
  delete(id: number): Promise<void>;
  /** How many visible ones a project has: a running total. */
  count(projectId: number): Promise<number>;
  /** How many each labeler has stored in a project. */
  countsByLabeler(projectId: number): Promise<PredictionCount[]>;
  /** Deletes those of a labeler that no run wrote; returns how many. */
  deleteOfLabeler(projectId: number, labelerId: number): Promise<number>;
}

export interface PredictionCount {
  readonly labelerId: number;
  readonly count: number;
  /** Of them, without a run behind them. */
  readonly withoutRun: number;
  readonly latest: IsoTime;
}
