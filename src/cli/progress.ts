/** Progress of jobs on stderr: a bar per job on a terminal, a line from time to time elsewhere. */
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { AppError } from '../core/errors.ts';
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
const STAGE_WIDTH = 26;

/** Watches a project's jobs until none is left; throws when one has failed. */
export async function watchJobs(client: Client, projectId: number, signal?: AbortSignal): Promise<JobWire[]> {
  const bars = new ProgressBars();
  const first = await newestJob(client, projectId);
  try {
    for (;;) {
      const jobs = await client.call('jobList', { query: { project: projectId, limit: 100 } });
      bars.show(jobs.filter((job) => job.state === 'running'));
      const open = jobs.filter((job) => job.state === 'queued' || job.state === 'running');
      if (open.length === 0 || signal?.aborted) return failIfFailed(jobs.filter((job) => job.id >= first));
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    bars.stop();
  }
}

/** Watches one job to its end; throws when it failed. */
export async function watchJob(client: Client, jobId: number): Promise<JobWire> {
  const bars = new ProgressBars();
  try {
    for (;;) {
      const job = await client.call('jobGet', { params: { job_id: jobId } });
      bars.show(job.state === 'running' ? [job] : []);
      if (job.state !== 'running' && job.state !== 'queued') return failIfFailed([job])[0]!;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    bars.stop();
  }
}

async function newestJob(client: Client, projectId: number): Promise<number> {
  const [newest] = await client.call('jobList', { query: { project: projectId, limit: 1 } });
  return newest?.id ?? 0;
}

function failIfFailed(jobs: JobWire[]): JobWire[] {
  const failed = jobs.find((job) => job.state === 'failed');
  if (!failed) return jobs;
  throw new AppError(
    'CONFLICT',
    `Job ${failed.id} (${failed.kind}) failed: ${failed.error?.detail ?? 'no reason given'}`,
  );
}

/** Bars that come and go with the jobs. */
class ProgressBars {
  readonly #bars = new Map<number, { bar: SingleBar; stage: string }>();
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      format: '{stage} {bar} {value}/{total} {eta_formatted}',
      noTTYOutput: false,
      hideCursor: true,
      clearOnComplete: false,
      barsize: 30,
    },
    Presets.shades_classic,
  );

  show(jobs: readonly JobWire[]): void {
    for (const job of jobs) {
      const stage = (job.stage || job.kind).padEnd(STAGE_WIDTH);
      const total = Math.max(1, job.total);
      const bar = this.#bars.get(job.id)?.bar ?? this.#multi.create(total, job.done, { stage });
      bar.setTotal(total);
      bar.update(job.done, { stage });
      this.#bars.set(job.id, { bar, stage });
    }
    for (const [id, { bar, stage }] of this.#bars) {
      if (jobs.some((job) => job.id === id)) continue;
      bar.update(bar.getTotal(), { stage });
      this.#bars.delete(id);
    }
  }

  stop(): void {
    this.#multi.stop();
  }
}
