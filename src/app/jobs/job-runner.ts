/** Runs queued jobs: one lease each, kept alive by this thread, progress and pace written as it goes, stopped on request. */
import type { Clock } from '../../core/clock.ts';
import type { Job } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { JobLease, JobProgress, JobQueue } from '../../store/ports/jobs.ts';
import type { Log } from '../deps.ts';
import { Pace } from './pace.ts';

export interface WorkProgress extends Pick<JobProgress, 'stage' | 'done' | 'total'> {
  /** Of `done`: what was there already, and says nothing of the pace. */
  readonly reused?: number;
}

/** What a handler is given. It must look at `signal` between chunks and leave everything it wrote resumable. */
export interface JobWork {
  readonly job: Job;
  readonly signal: AbortSignal;
  /** The job will go on later, because it was paused or the server is stopping: what was written stays. */
  readonly stopping: boolean;
  /** Somebody paused it: it may be long until it goes on. */
  readonly paused: boolean;
  /** Tasks that failed and are asked again; undefined: all that lack what the job makes. */
  readonly only?: readonly number[];
  progress(progress: WorkProgress): Promise<void>;
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

/** Why a job is stopped before its end; without either it is cancelled. */
const STOPPING = Symbol('stopping');
const PAUSING = Symbol('pausing');

interface Attempt {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export class JobRunner {
  readonly #queue: JobQueue;
  readonly #handlers: Readonly<Record<string, JobHandler>>;
  readonly #longKinds: readonly string[];
  readonly #tidyingKinds: readonly string[];
  readonly #owner: string;
  readonly #clock: Clock;
  readonly #log: Log;
  /** By job: the newest attempt at it, which lets an older one end before it begins. */
  readonly #running = new Map<number, Attempt>();
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #stopped = false;
  #filling: Promise<void> | undefined;
  #fillAgain = false;

  constructor(options: {
    queue: JobQueue;
    handlers: Readonly<Record<string, JobHandler>>;
    /** Kinds that may take hours. */
    longKinds: readonly string[];
    /** Kinds whose handlers end or take back what an attempt that was cut off has begun; they look at the signal first. */
    tidyingKinds: readonly string[];
    owner: string;
    clock: Clock;
    log: Log;
  }) {
    this.#queue = options.queue;
    this.#handlers = options.handlers;
    this.#longKinds = options.longKinds;
    this.#tidyingKinds = options.tidyingKinds;
    this.#owner = options.owner;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  start(): void {
    this.#unsubscribe = this.#queue.onChange((job) => {
      if (job.state === 'queued') this.#fill();
      stopAsAsked(job, this.#running.get(job.id)?.abort);
    });
    this.#timer = setInterval(() => this.#fill(), TICK_MS);
    this.#fill();
  }

  /** Asks every running job to stop, gives it back to the queue and waits until all have. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    await this.#filling;
    for (const one of this.#running.values()) one.abort.abort(STOPPING);
    await Promise.all([...this.#running.values()].map((one) => one.ended));
  }

  /** Leases until the slots are full or the queue is empty; a call during a call makes it look once more. */
  #fill(): void {
    this.#fillAgain = true;
    this.#filling ??= this.#lease().finally(() => {
      this.#filling = undefined;
      if (this.#fillAgain) this.#fill();
    });
  }

  async #lease(): Promise<void> {
    try {
      while (this.#fillAgain) {
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
      }
    } catch (error) {
      // Looked at again with the next tick.
      this.#fillAgain = false;
      if (!this.#stopped) this.#log.error({ error: toAppError(error).code }, 'the job queue could not be read');
    }
  }

  #kindsWanted(): string[] {
    const slotsLeft = CONCURRENT_JOBS_MAX - this.#running.size;
    return Object.keys(this.#handlers).filter((kind) => slotsLeft > SHORT_JOB_SLOTS || !this.#longKinds.includes(kind));
  }

  #begin(lease: JobLease): void {
    const { id } = lease.job;
    // The machine slept, or the clock jumped, beyond the lease of what still runs here.
    const before = this.#running.get(id);
    before?.abort.abort(STOPPING);
    const abort = new AbortController();
    const ended = this.#run(lease, abort, before?.ended).finally(() => {
      if (this.#running.get(id) === attempt) this.#running.delete(id);
      if (!this.#stopped) this.#fill();
    });
    const attempt = { abort, ended };
    this.#running.set(id, attempt);
  }

  async #run(lease: JobLease, abort: AbortController, before: Promise<void> | undefined): Promise<void> {
    const { job } = lease;
    const pace = new Pace(this.#clock);
    const renew = async ({ reused, ...progress }: WorkProgress): Promise<void> => {
      pace.add({ ...progress, ...(reused === undefined ? {} : { reused }) });
      stopAsAsked(await this.#queue.progress(lease, { ...progress, rate: pace.rate }, LEASE_MS), abort);
    };
    // A lost lease means that another worker has the job: whatever this one computes must be dropped.
    const heartbeat = setInterval(() => renew({}).catch(() => abort.abort(STOPPING)), LEASE_MS / 3);
    stopAsAsked(job, abort);
    try {
      await before;
      // Cancelled or paused before it begins, it is only for tidying up that it is begun.
      if (abort.signal.reason === STOPPING || !this.#tidyingKinds.includes(job.kind)) throwIfStopped(abort.signal);
      const only = await this.#queue.toRetry(lease);
      const output = await this.#handlers[job.kind]!({
        job,
        signal: abort.signal,
        get stopping() {
          return goesOnLater(abort.signal);
        },
        get paused() {
          return abort.signal.reason === PAUSING;
        },
        ...(only ? { only } : {}),
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
    if (goesOnLater(signal)) await this.#queue.release(lease);
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

function stopAsAsked({ cancelRequested, pauseRequested, state }: Job, abort: AbortController | undefined): void {
  if (cancelRequested) abort?.abort();
  else if (pauseRequested || state === 'paused') abort?.abort(PAUSING);
}

function goesOnLater({ reason }: AbortSignal): boolean {
  return reason === STOPPING || reason === PAUSING;
}

/** Throws when the job was asked to stop; called between chunks. */
export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new AppError('CONFLICT_CANCELLED', 'The job was asked to stop.');
}

/** The answer; throws when the job is asked to stop before it is there. Whatever still works on it works for nobody then. */
export async function unlessStopped<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new AppError('CONFLICT_CANCELLED', 'The job was asked to stop.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([stopped, answer]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Throws when failed items were to be asked again and nothing can be asked: a success would strike them off the list. */
export function refuseRetry({ only }: JobWork, reason: string): void {
  if (only) throw new AppError('CONFLICT', `The failed items cannot be tried again: ${reason}.`);
}
