/** Progress of jobs on stderr: a bar per job on a terminal, a line from time to time elsewhere. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { AppError, ERROR_KINDS, type ErrorCode } from '../core/errors.ts';
import type { JobWire } from '../server/contract/index.ts';
import type { Client } from './client.ts';
import { reportError } from './output.ts';

/** Shows the jobs of a project for as long as its server runs. */
export async function watchUntil(stopped: Promise<void>, client: Client, projectId: number): Promise<void> {
  const abort = new AbortController();
  // A failed job is told and nothing more: the server goes on serving.
  const watching = watchJobs(client, projectId, abort.signal).catch((error: unknown) => reportError(error, false));
  await stopped;
  abort.abort();
  await watching;
}

const LOOK_MS = 300;

/** Watches a project's jobs until none goes on; throws when one has failed. */
export async function watchJobs(client: Client, projectId: number, signal?: AbortSignal): Promise<JobWire[]> {
  const view = progressView();
  const first = await newestJob(client, projectId);
  try {
    for (;;) {
      const jobs = await client.call('jobList', { query: { project: projectId, limit: 100 } });
      view.show(jobs.filter((job) => job.state === 'running'));
      if (signal?.aborted || !jobs.some((job) => isComing(job, jobs))) {
        tellPaused(jobs);
        const own = jobs.filter((job) => job.id >= first);
        const failed = own.find((job) => job.state === 'failed');
        if (failed) throw failureOf(failed, `Job ${failed.id} (${failed.kind}) failed: `);
        return own;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    view.stop();
  }
}

/** Watches one job until it ends or is paused; throws when it failed. */
export async function watchJob(client: Client, jobId: number): Promise<JobWire> {
  const view = progressView();
  try {
    for (;;) {
      const job = await client.call('jobGet', { params: { job_id: jobId } });
      view.show(job.state === 'running' ? [job] : []);
      if (!isComing(job, [])) {
        tellPaused([job]);
        if (job.state === 'failed') throw failureOf(job);
        return job;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    view.stop();
  }
}

async function newestJob(client: Client, projectId: number): Promise<number> {
  const [newest] = await client.call('jobList', { query: { project: projectId, limit: 1 } });
  return newest?.id ?? 0;
}

/** It ends without anybody's help: a job that waits behind a paused one of its kind may not. */
function isComing({ state, kind }: JobWire, all: readonly JobWire[]): boolean {
  const behind = all.some((other) => other.state === 'paused' && other.kind === kind);
  return state === 'running' || (state === 'queued' && !behind);
}

function tellPaused(jobs: readonly JobWire[]): void {
  for (const { id, kind, state } of jobs) {
    if (state !== 'paused') continue;
    process.stderr.write(`Job ${id} (${kind}) is paused; it goes on with: headstart jobs resume ${id}\n`);
  }
}

/** What went wrong in the job, as if it had gone wrong in the command itself. */
function failureOf({ id, error }: JobWire, which = ''): AppError {
  const { code = '', detail = 'no reason given' } = error ?? {};
  const known = code in ERROR_KINDS ? (code as ErrorCode) : 'INTERNAL';
  return new AppError(known, `${which}${detail}`, { details: { job: id } });
}

interface ProgressView {
  /** The jobs that run now. */
  show(jobs: readonly JobWire[]): void;
  stop(): void;
}

function progressView(): ProgressView {
  return process.stderr.isTTY ? new ProgressBars() : new ProgressLines();
}

const STAGE_WIDTH = 26;

/** Bars that come and go with the jobs. */
class ProgressBars implements ProgressView {
  readonly #bars = new Map<number, { bar: SingleBar; texts: { stage: string; pace: string } }>();
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      format: '{stage} {bar} {value}/{total} {pace}',
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: false,
      barsize: 30,
    },
    Presets.shades_classic,
  );

  show(jobs: readonly JobWire[]): void {
    for (const job of jobs) {
      const texts = { stage: (job.stage || job.kind).padEnd(STAGE_WIDTH), pace: paceOf(job) };
      const total = Math.max(1, job.total);
      const bar = this.#bars.get(job.id)?.bar ?? this.#multi.create(total, job.done, texts);
      bar.setTotal(total);
      bar.update(job.done, texts);
      this.#bars.set(job.id, { bar, texts });
    }
    for (const [id, { bar, texts }] of this.#bars) {
      if (jobs.some((job) => job.id === id)) continue;
      bar.update(bar.getTotal(), { ...texts, pace: '' });
      this.#bars.delete(id);
    }
  }

  stop(): void {
    this.#multi.stop();
  }
}

/** A log wants to know how it goes, not every step. */
const LINE_EVERY_MS = 10_000;

class ProgressLines implements ProgressView {
  readonly #told = new Map<number, number>();

  show(jobs: readonly JobWire[]): void {
    const now = performance.now();
    for (const job of jobs) {
      // The first line is due after a while as well: what is done by then needs none.
      const told = this.#told.get(job.id) ?? now;
      this.#told.set(job.id, told);
      if (now - told < LINE_EVERY_MS) continue;
      this.#told.set(job.id, now);
      const amount = job.total > 0 ? `${job.done} of ${job.total}` : '';
      const parts = [job.stage || job.kind, amount, paceOf(job)].filter((part) => part !== '');
      process.stderr.write(`job ${job.id}: ${parts.join(', ')}\n`);
    }
  }

  stop(): void {}
}

/** `14/s, 35 s left`; nothing as long as there is too little to tell. */
export function paceOf({ rate, seconds_left: left }: Pick<JobWire, 'rate' | 'seconds_left'>): string {
  if (rate === null) return '';
  const speed = `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`;
  return left === null ? speed : `${speed}, ${duration(left)} left`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
