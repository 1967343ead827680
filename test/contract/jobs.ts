/** The contract of the job queue, for every engine. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/core/domain.ts';
import type { JobLease, JobQueue } from '../../src/store/ports/jobs.ts';
import { code, type HandClock, ids, inWorld, type OpenEmpty } from './world.ts';

const LEASE_MS = 1_000;
const ALL = { after: 0, limit: 1_000 };
const FAULT = { code: 'BACKEND_TIMEOUT', message: 'Too slow.', details: { ms: 5 } } as const;

export function jobContract(open: OpenEmpty): void {
  const inQueue = (test: (queue: JobQueue, clock: HandClock) => Promise<void>): Promise<void> =>
    inWorld(open, ({ store, clock }) => test(store.jobs, clock));
  const take = (queue: JobQueue, kinds = ['embed', 'train']): Promise<JobLease | undefined> =>
    queue.lease({ kinds, owner: 'worker', leaseMs: LEASE_MS });
  const add = (queue: JobQueue, kind = 'embed', dedupeKey?: string): Promise<Job> =>
    queue.enqueue({ kind, projectId: null, params: { kind }, ...(dedupeKey === undefined ? {} : { dedupeKey }) });

  describe('one job', () => {
    it('goes from queued to done, and its worker reports on the way', () =>
      inQueue(async (queue) => {
        const job = await add(queue);
        expect(job).toMatchObject({ state: 'queued', done: 0, total: 0, attempts: 0, error: null, output: null });
        const lease = (await take(queue))!;
        expect(lease).toMatchObject({ attempt: 1, job: { id: job.id, state: 'running' } });
        const seen = await queue.progress(lease, { stage: 'embedding', done: 3, total: 10 }, LEASE_MS);
        expect(seen).toMatchObject({ stage: 'embedding', done: 3, total: 10, cancelRequested: false });
        expect(await queue.progress(lease, { done: 4 }, LEASE_MS)).toMatchObject({ stage: 'embedding', done: 4 });
        const done = await queue.complete(lease, { rows: 10 });
        expect(done).toMatchObject({ state: 'done', output: { rows: 10 } });
        expect(await queue.get(job.id)).toEqual(done);
        expect(await take(queue)).toBeUndefined();
        await expect(queue.progress(lease, { done: 5 }, LEASE_MS)).rejects.toMatchObject(code('CONFLICT'));
        await expect(queue.complete(lease, null)).rejects.toMatchObject(code('CONFLICT'));
      }));

    it('fails with its reason and runs again from where it stopped', () =>
      inQueue(async (queue) => {
        await add(queue);
        const lease = (await take(queue))!;
        await queue.progress(lease, { done: 7, total: 9 }, LEASE_MS);
        await queue.addFailure(lease, { taskId: 5, error: FAULT });
        await queue.addFailure(lease, { taskId: 5, error: FAULT });
        await queue.addFailure(lease, { taskId: 2, error: FAULT });
        expect(await queue.failures(lease.job.id, ALL)).toEqual([
          { taskId: 2, error: FAULT },
          { taskId: 5, error: FAULT },
        ]);
        expect(await queue.fail(lease, FAULT)).toMatchObject({ state: 'failed', error: FAULT, failed: 2 });
        const again = await queue.retry(lease.job.id);
        expect(again).toMatchObject({ state: 'queued', done: 7, total: 9, error: null, failed: 0 });
        expect(await queue.failures(lease.job.id, ALL)).toEqual([]);
        expect(await take(queue)).toMatchObject({ attempt: 2 });
        await expect(queue.retry(lease.job.id)).rejects.toMatchObject(code('CONFLICT'));
      }));

    it('that is done runs again with what failed, and with nothing else', () =>
      inQueue(async (queue) => {
        const { id } = await add(queue);
        const first = (await take(queue))!;
        expect(await queue.toRetry(first)).toBeUndefined();
        for (const taskId of [9, 4, 7]) await queue.addFailure(first, { taskId, error: FAULT });
        await queue.complete(first, null);
        expect(await queue.failures(id, { after: 4, limit: 1 })).toEqual([{ taskId: 7, error: FAULT }]);
        expect(await queue.retry(id)).toMatchObject({ state: 'queued', done: 0, total: 3, failed: 3 });

        // The attempt dies after one item has failed again: that one is not asked a third time.
        const second = (await take(queue))!;
        expect(await queue.toRetry(second)).toEqual([4, 7, 9]);
        await queue.addFailure(second, { taskId: 7, error: { ...FAULT, message: 'Too slow again.' } });
        await queue.release(second);
        const third = (await take(queue))!;
        expect(await queue.toRetry(third)).toEqual([4, 9]);
        expect(await queue.complete(third, null)).toMatchObject({ state: 'done', failed: 1 });
        expect(await queue.failures(id, ALL)).toMatchObject([{ taskId: 7, error: { message: 'Too slow again.' } }]);

        await queue.retry(id);
        const fourth = (await take(queue))!;
        expect(await queue.toRetry(fourth)).toEqual([7]);
        await queue.fail(fourth, FAULT);
        await queue.retry(id);
        const fifth = (await take(queue))!;
        expect(await queue.toRetry(fifth)).toEqual([7]);
        expect(await queue.complete(fifth, null)).toMatchObject({ failed: 0 });
        expect(await queue.failures(id, ALL)).toEqual([]);
        await expect(queue.retry(id)).rejects.toMatchObject(code('CONFLICT'));
      }));

    it('is cancelled at once while it waits, and by its worker while it runs', () =>
      inQueue(async (queue) => {
        const waiting = await add(queue);
        expect(await queue.requestCancel(waiting.id)).toMatchObject({ state: 'cancelled' });
        expect(await take(queue)).toBeUndefined();

        const running = await add(queue);
        const lease = (await take(queue))!;
        expect(await queue.requestCancel(running.id)).toMatchObject({ state: 'running', cancelRequested: true });
        expect(await queue.progress(lease, {}, LEASE_MS)).toMatchObject({ cancelRequested: true });
        expect(await queue.cancelled(lease)).toMatchObject({ state: 'cancelled' });
        expect(await queue.requestCancel(running.id)).toMatchObject({ state: 'cancelled' });
        expect(await queue.retry(running.id)).toMatchObject({ state: 'queued', cancelRequested: false });
        await expect(queue.requestCancel(999)).rejects.toMatchObject(code('NOT_FOUND'));
      }));

    it('that waits is cancelled by whoever takes back what it has done, or by the next worker', () =>
      inQueue(async (queue, clock) => {
        const holder = { owner: 'canceller', leaseMs: LEASE_MS };
        const { id } = await add(queue, 'embed', 'key');
        const { job, lease } = await queue.leaseToCancel(id, holder);
        expect(job).toMatchObject({ state: 'running', cancelRequested: true });
        expect(await queue.leaseToCancel(id, holder)).toMatchObject({ job: { id }, lease: null });
        // Who wants its work done anew gets a job of its own.
        const other = await add(queue, 'embed', 'key');
        expect(other.id).not.toBe(id);
        clock.advance(LEASE_MS);
        const next = (await take(queue))!;
        expect(next.job).toMatchObject({ id, cancelRequested: true });
        await expect(queue.cancelled(lease!)).rejects.toMatchObject(code('CONFLICT'));
        await queue.release(next);
        expect((await add(queue, 'embed', 'key')).id).toBe(other.id);
        expect(await queue.cancelled((await take(queue))!)).toMatchObject({ id, state: 'cancelled' });
        expect(await queue.leaseToCancel(id, holder)).toMatchObject({ job: { state: 'cancelled' }, lease: null });

        const lent = (await take(queue))!;
        expect(await queue.leaseToCancel(lent.job.id, holder)).toMatchObject({
          job: { state: 'running', cancelRequested: true },
          lease: null,
        });
      }));

    it('is cancelled for a worker that died, by one who clears up after it', () =>
      inQueue(async (queue, clock) => {
        const job = await add(queue);
        await take(queue);
        await queue.requestCancel(job.id);
        clock.advance(LEASE_MS);
        const next = (await take(queue))!;
        expect(next.job).toMatchObject({ id: job.id, cancelRequested: true });
        expect(await queue.cancelled(next)).toMatchObject({ state: 'cancelled' });

        const second = await add(queue);
        await take(queue);
        clock.advance(LEASE_MS);
        expect(await queue.requestCancel(second.id)).toMatchObject({ state: 'cancelled' });
      }));

    it('that is added paused begins when it is resumed', () =>
      inQueue(async (queue) => {
        const held = await queue.enqueue({ kind: 'embed', projectId: null, params: {}, paused: true });
        expect(held).toMatchObject({ state: 'paused' });
        expect(await take(queue)).toBeUndefined();
        await queue.resume(held.id);
        expect(await take(queue)).toMatchObject({ job: { id: held.id } });
      }));

    it('is paused at once while it waits, and by its worker while it runs; it keeps what it has done', () =>
      inQueue(async (queue) => {
        const waiting = await add(queue);
        expect(await queue.requestPause(waiting.id)).toMatchObject({ state: 'paused' });
        expect(await queue.requestPause(waiting.id)).toMatchObject({ state: 'paused' });
        expect(await take(queue)).toBeUndefined();
        await expect(queue.retry(waiting.id)).rejects.toMatchObject(code('CONFLICT'));
        expect(await queue.resume(waiting.id)).toMatchObject({ state: 'queued' });

        const lease = (await take(queue))!;
        const { id } = lease.job;
        await queue.progress(lease, { stage: 'embedding', done: 7, total: 9, rate: 3.5 }, LEASE_MS);
        expect(await queue.requestPause(id)).toMatchObject({ state: 'running', pauseRequested: true, rate: 3.5 });
        expect(await queue.progress(lease, {}, LEASE_MS)).toMatchObject({ pauseRequested: true });
        await queue.release(lease);
        const paused = { state: 'paused', pauseRequested: false, stage: 'embedding', done: 7, total: 9, rate: null };
        expect(await queue.get(id)).toMatchObject(paused);
        expect(await take(queue)).toBeUndefined();
        await queue.resume(id);
        expect(await take(queue)).toMatchObject({ attempt: 2, job: { id, done: 7 } });
        await expect(queue.resume(id)).rejects.toMatchObject(code('CONFLICT'));
      }));

    it('is paused for a worker that died, and cancelled while it is paused', () =>
      inQueue(async (queue, clock) => {
        const { id } = await add(queue);
        await take(queue);
        await queue.requestPause(id);
        clock.advance(LEASE_MS);
        expect(await take(queue)).toBeUndefined();
        expect(await queue.get(id)).toMatchObject({ state: 'paused' });
        expect(await queue.requestCancel(id)).toMatchObject({ state: 'cancelled' });
        for (const act of [queue.requestPause(id), queue.resume(id)]) {
          await expect(act).rejects.toMatchObject(code('CONFLICT'));
        }
        await expect(queue.requestPause(999)).rejects.toMatchObject(code('NOT_FOUND'));
      }));

    it('is resumed before its worker has stopped, and done if it ends before it stops', () =>
      inQueue(async (queue) => {
        const { id } = await add(queue);
        const lease = (await take(queue))!;
        await queue.requestPause(id);
        expect(await queue.resume(id)).toMatchObject({ state: 'running', pauseRequested: false });
        await queue.release(lease);
        const next = (await take(queue))!;
        await queue.requestPause(id);
        expect(await queue.complete(next, null)).toMatchObject({ state: 'done', pauseRequested: false });
      }));

    it('goes back to its worker when it was to be paused and then cancelled', () =>
      inQueue(async (queue) => {
        const { id } = await add(queue);
        const lease = (await take(queue))!;
        await queue.requestPause(id);
        await queue.requestCancel(id);
        await queue.release(lease);
        const next = (await take(queue))!;
        expect(next.job.cancelRequested).toBe(true);
        expect(await queue.cancelled(next)).toMatchObject({ state: 'cancelled' });
      }));

    it('is given back by a worker that stops', () =>
      inQueue(async (queue) => {
        await add(queue);
        const lease = (await take(queue))!;
        await queue.progress(lease, { done: 2 }, LEASE_MS);
        await queue.release(lease);
        await expect(queue.progress(lease, {}, LEASE_MS)).rejects.toMatchObject(code('CONFLICT'));
        expect(await take(queue)).toMatchObject({ attempt: 2, job: { done: 2 } });
      }));
  });

  describe('leases', () => {
    it('hands a job on when its lease runs out, and refuses the first worker from then on', () =>
      inQueue(async (queue, clock) => {
        await add(queue);
        const slow = (await take(queue))!;
        clock.advance(LEASE_MS - 1);
        expect(await take(queue)).toBeUndefined();
        clock.advance(1);
        const next = (await take(queue))!;
        expect(next).toMatchObject({ attempt: 2, job: { id: slow.job.id } });
        for (const act of [
          queue.progress(slow, { done: 1 }, LEASE_MS),
          queue.complete(slow, null),
          queue.fail(slow, FAULT),
          queue.cancelled(slow),
          queue.release(slow),
          queue.addFailure(slow, { taskId: 1, error: FAULT }),
        ]) {
          await expect(act).rejects.toMatchObject(code('CONFLICT'));
        }
        expect(await queue.complete(next, 1)).toMatchObject({ state: 'done', output: 1 });
      }));

    it('is kept alive by progress, and by late progress if nobody else has come', () =>
      inQueue(async (queue, clock) => {
        await add(queue);
        const lease = (await take(queue))!;
        for (let i = 0; i < 5; i++) {
          clock.advance(LEASE_MS - 1);
          await queue.progress(lease, {}, LEASE_MS);
          expect(await take(queue)).toBeUndefined();
        }
        clock.advance(10 * LEASE_MS);
        await queue.progress(lease, {}, LEASE_MS);
        expect(await take(queue)).toBeUndefined();
      }));

    it('never runs two jobs of one project and kind at once', () =>
      inWorld(open, async ({ store, project }) => {
        const queue = store.jobs;
        const other = await store.projects.create(project);
        const enqueue = (kind: string, projectId: number | null) => queue.enqueue({ kind, projectId, params: {} });
        const first = await enqueue('embed', project.id);
        const second = await enqueue('embed', project.id);
        const train = await enqueue('train', project.id);
        const elsewhere = await enqueue('embed', other.id);
        const nowhere = await enqueue('embed', null);
        const secondNowhere = await enqueue('embed', null);
        const got = await Promise.all([1, 2, 3, 4, 5, 6].map(() => take(queue)));
        expect(got.map((lease) => lease?.job.id)).toEqual([
          first.id,
          train.id,
          elsewhere.id,
          nowhere.id,
          undefined,
          undefined,
        ]);
        await queue.complete(got[0]!, null);
        await queue.complete(got[3]!, null);
        expect((await take(queue))!.job.id).toBe(second.id);
        expect((await take(queue))!.job.id).toBe(secondNowhere.id);
      }));

    it('takes only the kinds that the worker knows', () =>
      inQueue(async (queue) => {
        await add(queue, 'train');
        expect(await take(queue, ['embed'])).toBeUndefined();
        expect(await take(queue, [])).toBeUndefined();
        expect(await take(queue, ['embed', 'train'])).toMatchObject({ job: { kind: 'train' } });
      }));
  });

  describe('the list', () => {
    it('adds no second job with the key of a waiting one', () =>
      inQueue(async (queue) => {
        const [first, second] = await Promise.all([add(queue, 'train', 'k'), add(queue, 'train', 'k')]);
        expect(second).toEqual(first);
        expect((await add(queue, 'embed', 'k')).id).not.toBe(first.id);
        await take(queue, ['train']);
        const third = await add(queue, 'train', 'k');
        expect(third.id).not.toBe(first.id);
        expect((await add(queue, 'train', 'k')).id).toBe(third.id);
        expect(ids(await queue.list({ limit: 10 }))).toHaveLength(3);
      }));

    it('lets nothing with the key of a paused one overtake it', () =>
      inQueue(async (queue) => {
        const first = await add(queue, 'embed', 'k');
        await take(queue);
        const behind = await add(queue, 'embed', 'k');
        const other = await add(queue, 'embed', 'other');
        expect(behind.id).not.toBe(first.id);
        await queue.requestPause(first.id);
        await queue.release({ job: first, attempt: 1 });
        expect(await take(queue)).toMatchObject({ job: { id: other.id } });
        expect(await take(queue)).toBeUndefined();
        await queue.requestCancel(behind.id);
        expect((await add(queue, 'embed', 'k')).id).toBe(first.id);
      }));

    it('lists the newest first, of all projects or one', () =>
      inWorld(open, async ({ store, project }) => {
        const a = await store.jobs.enqueue({ kind: 'embed', projectId: project.id, params: {} });
        const b = await store.jobs.enqueue({ kind: 'embed', projectId: null, params: {} });
        expect(await store.jobs.list({ limit: 10 })).toEqual([b, a]);
        expect(await store.jobs.list({ projectId: project.id, limit: 10 })).toEqual([a]);
        expect(await store.jobs.list({ limit: 1 })).toEqual([b]);
      }));

    it('replays every change that a listener has missed', () =>
      inQueue(async (queue) => {
        const heard: Job[] = [];
        const stop = queue.onChange((job) => heard.push(job));
        await add(queue);
        const lease = (await take(queue))!;
        await queue.progress(lease, { done: 1 }, LEASE_MS);
        stop();
        const done = await queue.complete(lease, null);
        expect(heard.map((job) => [job.state, job.done])).toEqual([
          ['queued', 0],
          ['running', 0],
          ['running', 1],
        ]);
        const revisions = heard.map((job) => job.revision);
        expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
        expect(await queue.changedSince(heard[1]!.revision, 10)).toEqual([done]);
        expect(await queue.changedSince(done.revision, 10)).toEqual([]);
        const more = [await add(queue), await add(queue, 'train')];
        expect(await queue.changedSince(0, 2)).toEqual([done, more[0]]);
      }));
  });

  it('loses no job and applies none twice, whatever workers die, sleep or come late', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.record({ worker: fc.nat(3), act: fc.constantFrom(...ACTS) }), { maxLength: 60 }),
        (jobCount, steps) =>
          inQueue(async (queue, clock) => {
            for (let i = 0; i < jobCount; i++) await add(queue, i % 2 ? 'train' : 'embed');
            const applied = new Map<number, number>();
            const held = new Map<number, JobLease>();
            const finish = async (lease: JobLease): Promise<void> => {
              await queue.complete(lease, lease.attempt);
              applied.set(lease.job.id, (applied.get(lease.job.id) ?? 0) + 1);
            };
            for (const { worker, act } of steps) {
              const lease = held.get(worker);
              const step = async (): Promise<unknown> => {
                if (act === 'sleep') return clock.advance(LEASE_MS * 0.6);
                if (act === 'die') return held.delete(worker);
                if (!lease) {
                  const fresh = await take(queue);
                  return fresh && held.set(worker, fresh);
                }
                if (act === 'complete') return finish(lease);
                if (act === 'fail') {
                  await queue.fail(lease, FAULT);
                  return queue.retry(lease.job.id);
                }
                if (act === 'pause') {
                  await queue.requestPause(lease.job.id);
                  await queue.release(lease);
                  return queue.resume(lease.job.id);
                }
                return act === 'release' ? queue.release(lease) : queue.progress(lease, { done: 1 }, LEASE_MS);
              };
              await step().catch((error) => {
                expect(error).toMatchObject(code('CONFLICT'));
                held.delete(worker);
              });
              if (lease && (act === 'complete' || act === 'fail' || act === 'release' || act === 'pause'))
                held.delete(worker);
              const running = (await queue.list({ limit: 100 })).filter((job) => job.state === 'running');
              expect(running.length).toBeLessThanOrEqual(2);
            }
            held.clear();
            for (let rest = 0; rest <= jobCount; rest++) {
              clock.advance(LEASE_MS);
              const lease = await take(queue);
              if (lease) await finish(lease);
            }
            const jobs = await queue.list({ limit: 100 });
            expect(jobs.map((job) => job.state)).toEqual(jobs.map(() => 'done'));
            expect(jobs.map((job) => applied.get(job.id))).toEqual(jobs.map(() => 1));
          }),
      ),
      { numRuns: 25 },
    ));
}

const ACTS = ['work', 'work', 'work', 'complete', 'complete', 'fail', 'release', 'pause', 'sleep', 'die'] as const;
