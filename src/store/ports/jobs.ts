/** The job queue: a port. A job is leased by one worker at a time; effects are fenced by (id, attempt). */
import type { Job } from '../../core/domain.ts';
import type { PlainError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';

export interface NewJob {
  readonly kind: string;
  readonly projectId: number | null;
  readonly params: JsonObject;
  /** While a job of the same project, kind and key is queued or paused, another one is not added: that one is returned. */
  readonly dedupeKey?: string;
  /** It begins when it is resumed. */
  readonly paused?: boolean;
}

/** What a worker holds while it works. Every call rejects with CONFLICT once the lease is lost. */
export interface JobLease {
  readonly job: Job;
  readonly attempt: number;
}

export interface LeaseRequest {
  readonly kinds: readonly string[];
  readonly owner: string;
  readonly leaseMs: number;
}

export interface JobProgress {
  readonly stage?: string;
  readonly done?: number;
  readonly total?: number;
  /** Items per second; null: not known. */
  readonly rate?: number | null;
}

/** A failed item of a job. */
export interface JobFailure {
  readonly taskId: number;
  readonly error: PlainError;
}

export interface JobQueue {
  enqueue(job: NewJob): Promise<Job>;
  /**
   * The oldest queued job of these kinds, or one whose lease has run out, also when it was to be cancelled: somebody has to
   * clear up. One that was to be paused is, instead.
   * Never two of one project and kind at once; jobs without a project count as one project. Jobs with the key of a paused
   * one wait behind it: they would do its work.
   */
  lease(request: LeaseRequest): Promise<JobLease | undefined>;
  /** Reports progress and renews the lease. `cancelRequested` and `pauseRequested` of the answer tell the worker to stop. */
  progress(lease: JobLease, progress: JobProgress, leaseMs: number): Promise<Job>;
  complete(lease: JobLease, output: Json): Promise<Job>;
  fail(lease: JobLease, error: PlainError): Promise<Job>;
  /** Ends it as cancelled, after the worker has stopped. */
  cancelled(lease: JobLease): Promise<Job>;
  /** Gives the job back unfinished: it is paused when that was asked for, else leased again (the server is stopping). */
  release(lease: JobLease): Promise<void>;
  /** A waiting job is cancelled at once, a running one is asked to stop. For whoever has nothing to take back. */
  requestCancel(id: number): Promise<Job>;
  /**
   * A running job is asked to stop. Of one that nobody works on the caller gets the lease: to take back what it has done
   * and to end it with `cancelled`. Until then it counts as running, so that a crash leaves it to the next worker.
   */
  leaseToCancel(
    id: number,
    holder: Pick<LeaseRequest, 'owner' | 'leaseMs'>,
  ): Promise<{ job: Job; lease: JobLease | null }>;
  /** A waiting job is paused at once, a running one is asked to stop. CONFLICT when it has ended. */
  requestPause(id: number): Promise<Job>;
  /** A paused job goes on from where it was. CONFLICT when it is not paused, nor asked to. */
  resume(id: number): Promise<Job>;
  /**
   * A failed or cancelled job runs again from where it stopped; its list of failed items starts anew. A job that is done
   * runs again with its failed items only: `toRetry` names them, and those that do not fail again leave the list when
   * it is done. CONFLICT when nothing failed.
   */
  retry(id: number): Promise<Job>;
  /** Tasks that an attempt at a retried job is for, in order; undefined when it is for all. */
  toRetry(lease: JobLease): Promise<number[] | undefined>;
  get(id: number): Promise<Job | undefined>;
  /** Newest first. */
  list(options: { projectId?: number; limit: number }): Promise<Job[]>;
  /** Jobs changed after this revision, oldest change first: what an event stream replays. */
  changedSince(revision: number, limit: number): Promise<Job[]>;
  /** Called in this process after each change. Returns the unsubscribe function. */
  onChange(listener: (job: Job) => void): () => void;
  /** A failed item of a job: kept apart so that one bad item never stops the others. Raises `failed`, once per item. */
  addFailure(lease: JobLease, failure: JobFailure): Promise<void>;
  /** Ordered by task: those after `after`, at most `limit`. */
  failures(jobId: number, page: { readonly after: number; readonly limit: number }): Promise<JobFailure[]>;
}
