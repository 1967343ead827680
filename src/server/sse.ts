/** Server-sent events of jobs for one listener: throttled per job, resumable, bounded by the number of live jobs. */
import { hasEnded } from '../app/jobs/jobs.ts';
import type { Job } from '../core/domain.ts';

/** Where frames go. `write` answers false when the listener reads too slowly; `onDrain` tells when it has caught up. */
export interface Sink {
  write(text: string): boolean;
}

export interface JobStream {
  /** A change of a job, old or new, in any order. */
  offer(job: Job): void;
  /** The sink has caught up. */
  drained(): void;
  close(): void;
}

/** At most four frames a second and job; an end is sent at once. */
const FRAME_INTERVAL_MS = 250;

/**
 * The id of a frame is the highest revision up to which everything has been sent, not the revision inside it: a listener
 * that comes back with it misses nothing that was still held here, and sees some changes twice.
 */
export function jobStream(sink: Sink, encode: (job: Job) => unknown): JobStream {
  /** Newest change per job that has not been sent. */
  const held = new Map<number, Job>();
  /** Revision last sent per living job, so that a replay behind a live change is not sent again. */
  const sent = new Map<number, { revision: number; at: number }>();
  let highest = 0;
  let writable = true;
  let timer: NodeJS.Timeout | undefined;

  const isDue = (job: Job, now: number) =>
    hasEnded(job) || now - (sent.get(job.id)?.at ?? -Infinity) >= FRAME_INTERVAL_MS;

  const send = (job: Job, now: number) => {
    held.delete(job.id);
    if (hasEnded(job)) sent.delete(job.id);
    else sent.set(job.id, { revision: job.revision, at: now });
    highest = Math.max(highest, job.revision);
    const oldestHeld = Math.min(...Array.from(held.values(), (one) => one.revision));
    const id = Math.min(highest, oldestHeld - 1);
    writable = sink.write(`id: ${id}\nevent: job\ndata: ${JSON.stringify(encode(job))}\n\n`);
  };

  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    const now = performance.now();
    for (const job of [...held.values()].sort((a, b) => a.revision - b.revision)) {
      if (!writable) return;
      if (isDue(job, now)) send(job, now);
    }
    if (held.size > 0) timer = setTimeout(flush, FRAME_INTERVAL_MS);
  };

  return {
    offer(job) {
      const known = Math.max(held.get(job.id)?.revision ?? 0, sent.get(job.id)?.revision ?? 0);
      if (job.revision <= known) return;
      held.set(job.id, job);
      if (writable && (timer === undefined || hasEnded(job))) flush();
    },
    drained() {
      writable = true;
      flush();
    },
    close() {
      clearTimeout(timer);
      held.clear();
    },
  };
}
