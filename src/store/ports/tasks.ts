/** Tasks, by id and by ordinal: a port of the store. */
import type { Prediction, Task } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { NewAnnotation } from './annotations.ts';
import type { Page } from './page.ts';

export interface NewTask {
  readonly data: JsonObject;
  readonly meta: JsonObject;
  /** Answers and suggestions that come with an imported task; written in the same transaction, under the same run. */
  readonly annotations?: readonly Omit<NewAnnotation, 'projectId' | 'taskId' | 'runId'>[];
  readonly predictions?: readonly Omit<Prediction, 'id' | 'createdAt' | 'projectId' | 'taskId' | 'runId'>[];
}

export interface TaskStore {
  /**
   * Appends tasks with fresh ordinals. `cursor` is remembered on the run, so that an import resumes after a crash.
   * CONFLICT when the run has ended or was undone.
   */
  insert(projectId: number, runId: number, tasks: readonly NewTask[], cursor: number): Promise<Task[]>;
  get(id: number): Promise<Task | undefined>;
  list(projectId: number, page: Page): Promise<Task[]>;
  /** The tasks of these ordinals that still exist, in ordinal order. */
  byOrdinals(projectId: number, ordinals: readonly number[]): Promise<Task[]>;
  /** (id, ordinal) of every living task with `from <= ordinal`, in ordinal order, at most `limit`. */
  ordinals(projectId: number, from: number, limit: number): Promise<{ ids: Float64Array; ordinals: Uint32Array }>;
  /** Ids of the tasks that a run brought and that are still there, ascending. */
  idsOfRun(runId: number): Promise<number[]>;
  /**
   * New data gets a new ordinal and loses its machine votes, the predictions of runs and its leases, because everything
   * computed from the old row is stale, what was shown of it too. Predictions that came with an import or from elsewhere stay: nobody here could make them again.
   */
  edit(id: number, change: { data?: JsonObject; meta?: JsonObject }): Promise<Task>;
  /** Removes tasks with their annotations, predictions and votes. Returns how many were there. */
  delete(projectId: number, ids: readonly number[]): Promise<number>;
}
