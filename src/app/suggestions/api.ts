/** Predictions and the current suggestion, as one interface in plain data. */
import type { Region } from '../../core/domain.ts';
import type { Page } from '../../store/ports/page.ts';

export interface PredictionsApi {
  get(id: number): Promise<PredictionView>;
  /** Stored predictions of the task and, built on read, what the active model says of it. */
  ofTask(taskId: number): Promise<PredictionView[]>;
  /** Current suggestion for each of these tasks, built on read; used by lists and exports. */
  current(projectId: number, page: Page): Promise<PredictionView[]>;
  add(
    taskId: number,
    input: { result: readonly Region[]; score?: number | null; modelVersion?: string },
  ): Promise<PredictionView>;
}

export interface PredictionView {
  /** Null when built on read from votes. */
  readonly id: number | null;
  readonly projectId: number;
  readonly taskId: number;
  readonly result: readonly Region[];
  readonly score: number | null;
  readonly modelVersion: string;
  readonly runId: number | null;
  readonly createdAt: string;
}
