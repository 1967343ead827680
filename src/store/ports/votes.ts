/** Votes of labelers, and the labels that stand by them: a port of the store. */
import type { Label, Vote } from '../../core/domain.ts';
import type { Page } from './page.ts';

export interface LabelStore {
  /** Removed ones too, because old votes and results name them. */
  list(projectId: number): Promise<Label[]>;
  /**
   * Makes the control's living labels exactly these values: adds what is new, marks what is gone as removed, brings back
   * what was removed earlier under its old id. Returns the living ones in the order of `values`.
   */
  sync(projectId: number, control: string, values: readonly string[]): Promise<Label[]>;
  /** CONFLICT when the control has a living label of that name. */
  rename(id: number, value: string): Promise<void>;
  /** Votes for `from` become votes for `into`; `from` is removed. */
  merge(from: number, into: number): Promise<void>;
}

export interface VoteStore {
  /**
   * Appends votes of a running run; a repeated (run, task, label, labeler) is ignored, and so are votes on tasks that have been
   * deleted, or given other data, meanwhile. Returns how many were new. CONFLICT when the run has ended or was undone.
   */
  write(runId: number, votes: readonly VoteRow[]): Promise<number>;
  /** Ordered by task and run; a merged label appears as the one it was merged into. */
  ofTasks(taskIds: readonly number[]): Promise<Vote[]>;
  /** Votes of one run, ordered by task and paged by task id; a page never splits a task, so it can exceed the limit a little. */
  ofRun(runId: number, page: Page): Promise<Vote[]>;
  /** Drops the votes of a run for good (old model versions); the run itself stays on record. */
  prune(runId: number): Promise<void>;
}

export interface VoteRow {
  readonly taskId: number;
  /** Of the task as it was looked at: other data give it another one. Left out: whatever it holds now is meant. */
  readonly ordinal?: number;
  readonly labelId: number;
  /** Left out: the labeler of the run. */
  readonly labelerId?: number;
  readonly score: number;
}
