/** Runs queued jobs: one lease each, kept alive by this thread, progress written as it goes, cancelled on request. */
import type { Job } from '../core/domain.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import type { JobLease, JobProgress, JobQueue } from '../store/jobs.ts';
import type { Log } from './deps.ts';

/** What a handler is given. It must look at `signal` between chunks and leave everything it wrote resumable. */
export interface JobWork {
  readonly job: Job;
  readonly signal: AbortSignal;
  /** The server is stopping and the job will go on later: what was written stays. */
  readonly stopping: boolean;
  progress(progress: JobProgress): Promise<void>;
  /** Marks one item as failed; the rest goes on. */
  itemFailed(taskId: number, error: AppError): Promise<void>;
}

export type JobHandler = (work: JobWork) => Promise<Json>;

const LEASE_MS = 15_000;
/** How often a lease is renewed and the queue is looked at when nothing announced itself. */
const TICK_MS = 2_000;
/** Bulk jobs share the hosts and threads; more at once only thrash them. */
const CONCURRENT_JOBS_MAX = 4;
/** Slots that long jobs leave to those somebody waits for. */
const SHORT_JOB_SLOTS = 2;

const STOPPING = Symbol('stopping');

export class JobRunner {
  readonly #queue: JobQueue;
  readonly #handlers: Readonly<Record<string, JobHandler>>;
  readonly #longKinds: readonly string[];
  readonly #owner: string;
  readonly #log: Log;
  readonly #running = new Map<number, { abort: AbortController; ended: Promise<void> }>();
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #stopped = false;
  #filling = false;
  #fillAgain = false;

  constructor(options: {
    queue: JobQueue;
    handlers: Readonly<Record<string, JobHandler>>;
    /** Kinds that may take hours. */
    longKinds: readonly string[];
    owner: string;
    log: Log;
  }) {
    this.#queue = options.queue;
    this.#handlers = options.handlers;
    this.#longKinds = options.longKinds;
    this.#owner = options.owner;
    this.#log = options.log;
  }

  start(): void {
    this.#unsubscribe = this.#queue.onChange((job) => {
      if (job.state === 'queued') void this.#fill();
      if (job.cancelRequested) this.#running.get(job.id)?.abort.abort();
    });
    this.#timer = setInterval(() => void this.#fill(), TICK_MS);
    void this.#fill();
  }

  /** Asks every running job to stop, gives it back to the queue and waits until all have. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    for (const one of this.#running.values()) one.abort.abort(STOPPING);
    await Promise.all([...this.#running.values()].map((one) => one.ended));
  }

  /** Leases until the slots are full or the queue is empty; a call during a call makes it look once more. */
  async #fill(): Promise<void> {
    if (this.#filling) {
      this.#fillAgain = true;
      return;
    }
    this.#filling = true;
    try {
      do {
        this.#fillAgain = false;
        while (!this.#stopped && this.#running.size < CONCURRENT_JOBS_MAX) {
          const lease = await this.#queue.lease({
            kinds: this.#kindsWanted(),
            owner: this.#owner,
            leaseMs: LEASE_MS,
          });
          if (!lease) break;
          this.#begin(lease);
        }
      } while (this.#fillAgain);
    } catch (error) {
      if (!this.#stopped) this.#log.error({ error: toAppError(error).code }, 'the job queue could not be read');
    } finally {
      this.#filling = false;
    }
  }

  #kindsWanted(): string[] {
    const slotsLeft = CONCURRENT_JOBS_MAX - this.#running.size;
    return Object.keys(this.#handlers).filter((kind) => slotsLeft > SHORT_JOB_SLOTS || !this.#longKinds.includes(kind));
  }

  #begin(lease: JobLease): void {
    const abort = new AbortController();
    const ended = this.#run(lease, abort).finally(() => {
      this.#running.delete(lease.job.id);
      if (!this.#stopped) void this.#fill();
    });
    this.#running.set(lease.job.id, { abort, ended });
  }

  async #run(lease: JobLease, abort: AbortController): Promise<void> {
    const { job } = lease;
    const renew = async (progress: JobProgress): Promise<void> => {
      const now = await this.#queue.progress(lease, progress, LEASE_MS);
      if (now.cancelRequested) abort.abort();
    };
    // A lost lease means that another worker has the job: whatever this one computes must be dropped.
    const heartbeat = setInterval(() => renew({}).catch(() => abort.abort(STOPPING)), LEASE_MS / 3);
    try {
      const output = await this.#handlers[job.kind]!({
        job,
        signal: abort.signal,
        get stopping() {
          return abort.signal.reason === STOPPING;
        },
        progress: renew,
        itemFailed: (taskId, error) => this.#queue.addFailure(lease, { taskId, error: error.toPlain() }),
      });
      await this.#queue.complete(lease, output);
    } catch (error) {
      await this.#settle(lease, abort.signal, error).catch((lost) =>
        this.#log.warn({ job: job.id, error: toAppError(lost).code }, 'a job ended after its lease was lost'),
      );
    } finally {
      clearInterval(heartbeat);
    }
  }

  async #settle(lease: JobLease, signal: AbortSignal, error: unknown): Promise<void> {
    if (signal.reason === STOPPING) await this.#queue.release(lease);
    else if (signal.aborted) await this.#queue.cancelled(lease);
    else {
      const known = toAppError(error);
      this.#log.error(
        { job: lease.job.id, kind: lease.job.kind, error: known.code, cause: known.cause },
        known.message,
      );
      await this.#queue.fail(lease, known.toPlain());
    }
  }
}

/** Throws when the job was asked to stop; called between chunks. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('CONFLICT_CANCELLED', 'The job was asked to stop.');
}
