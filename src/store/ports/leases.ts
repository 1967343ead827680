/** Who holds which task, and what they were shown: a port of the store. */
import type { Lease, Prediction } from '../../core/domain.ts';

export interface WantedTask {
  readonly taskId: number;
  readonly checks: boolean;
}

/** What an annotator sees with a task: a suggestion (one without an id is stored along), or none; blind: kept, not shown. */
export interface Shown {
  readonly prediction: Prediction | Omit<Prediction, 'id' | 'createdAt'> | null;
  readonly blind: boolean;
}

/** A task given to an annotator, and what is on record as shown with it. */
export interface Handed {
  readonly taskId: number;
  readonly prediction: Prediction | null;
  readonly blind: boolean;
}

export interface LeaseStore {
  /**
   * Gives the first of `candidates` (task ids in queue order) that is free for this annotator: not leased to others
   * beyond what the overlap leaves open, not answered by this annotator, not finished. Decided and written in one step,
   * together with what is shown if it is the task that `show` names. A lease that still runs keeps what was shown with it.
   */
  acquire(request: {
    projectId: number;
    annotatorId: number;
    candidates: readonly number[];
    overlap: number;
    expiresAt: number;
    show?: Shown & { readonly taskId: number };
  }): Promise<Handed | undefined>;
  /** Notes what is shown with a lease whose task was not foreseen. */
  show(taskId: number, annotatorId: number, shown: Shown): Promise<Prediction | null>;
  /** Also one that has run out (for a day), because it tells what was shown to an annotator who answers late. */
  get(taskId: number, annotatorId: number): Promise<Lease | undefined>;
  /** Those that still run. */
  ofAnnotator(projectId: number, annotatorId: number): Promise<Lease[]>;
  /** Those of everybody that still run. */
  ofProject(projectId: number): Promise<Lease[]>;
  /** False when there is none, or when it ran out and others have taken the place. */
  extend(taskId: number, annotatorId: number, expiresAt: number): Promise<boolean>;
  release(taskId: number, annotatorId: number): Promise<void>;
  /** Postponed until after everything else, for this annotator; ends the lease. */
  postpone(taskId: number, annotatorId: number): Promise<void>;
  /** The longest postponed first. */
  postponed(projectId: number, annotatorId: number): Promise<number[]>;
}
