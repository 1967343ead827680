/** The job runner on a clock that jumps: no job runs twice at once, none is lost, and none goes on after a stop. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type JobHandler, JobRunner, throwIfStopped } from '../../src/app/jobs/job-runner.ts';
import type { Job } from '../../src/core/domain.ts';
import type { JobQueue } from '../../src/store/ports/jobs.ts';
import { until } from '../backends/fake.ts';
import { type HandClock, withStore } from '../contract/world.ts';
import { openSqlite } from '../store/open-temp.ts';

const LEASE_MS = 15_000;
const silent = () => undefined;

interface Attempt {
  readonly id: number;
  ended: boolean;
  /** What its worker saw when it was asked to stop. */
  stopping: boolean | null;
  finish(): void;
}

interface Bench {
  readonly queue: JobQueue;
  readonly clock: HandClock;
  readonly runner: JobRunner;
  readonly attempts: Attempt[];
  add(kind?: string): Promise<Job>;
  running(id: number): Attempt[];
}

/** Jobs that run until they are told to finish or to stop. `stopsAt` tells how slowly they stop. */
async function withRunner(
  test: (bench: Bench) => Promise<void>,
  stopsAt: () => Promise<void> = async () => undefined,
): Promise<void> {
  await withStore(openSqlite, async ({ jobs: queue }, clock) => {
    const attempts: Attempt[] = [];
    const handler: JobHandler = async (work) => {
      const { id } = work.job;
      let finish = silent as () => void;
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const attempt: Attempt = { id, ended: false, stopping: null, finish };
      attempts.push(attempt);
      const stopped = new Promise<void>((resolve) => {
        if (work.signal.aborted) resolve();
        work.signal.addEventListener('abort', () => resolve());
      });
      await Promise.race([finished, stopped]);
      if (work.signal.aborted) {
        attempt.stopping = work.stopping;
        await stopsAt();
      }
      attempt.ended = true;
      throwIfStopped(work.signal);
      return null;
    };
    const runner = new JobRunner({
      queue,
      handlers: { a: handler, b: handler },
      longKinds: [],
      tidyingKinds: ['a'],
      owner: 'test',
      clock,
      log: { info: silent, warn: silent, error: silent },
    });
    runner.start();
    try {
      await test({
        queue,
        clock,
        runner,
        attempts,
        add: (kind = 'a') => queue.enqueue({ kind, projectId: null, params: {} }),
        running: (id) => attempts.filter((one) => one.id === id && !one.ended),
      });
    } finally {
      await runner.stop();
    }
  });
}

it('after a sleep beyond its lease a job begins anew only when its old attempt has ended', async () => {
  let letStop = silent as () => void;
  const slowly = () =>
    new Promise<void>((resolve) => {
      letStop = resolve;
    });
  await withRunner(async ({ queue, clock, attempts, add, running }) => {
    const job = await add();
    await until(() => attempts.length === 1);
    clock.advance(LEASE_MS);
    // Whatever makes the runner look at the queue.
    await add('b');
    await until(() => attempts.some(({ stopping }) => stopping !== null));
    expect(attempts[0]).toMatchObject({ id: job.id, stopping: true, ended: false });
    expect((await queue.get(job.id))!.attempts).toBe(2);
    expect(running(job.id)).toHaveLength(1);
    letStop();
    await until(() => running(job.id).length === 1 && attempts[0]!.ended);
    running(job.id)[0]!.finish();
    await until(() => running(job.id).length === 0);
    await expect.poll(async () => (await queue.get(job.id))!.state).toBe('done');
    // The new attempt is still known to the runner after the old one has ended: it can be asked to stop.
    attempts.find(({ id }) => id !== job.id)!.finish();
  }, slowly);
});

it('a stop waits for the attempts of a job one after the other, and begins none', async () => {
  await withRunner(async ({ queue, clock, runner, attempts, add, running }) => {
    const job = await add();
    await until(() => attempts.length === 1);
    clock.advance(LEASE_MS);
    await add('b');
    await until(() => attempts[0]!.stopping === true);
    await runner.stop();
    expect(running(job.id)).toEqual([]);
    const begun = attempts.length;
    await add('a');
    expect((await queue.list({ limit: 10 })).map(({ state }) => state)).toEqual(['queued', 'queued', 'queued']);
    expect(attempts).toHaveLength(begun);
  });
});

it('what a killed server was about to cancel is begun only by those who tidy up', () =>
  withStore(openSqlite, async ({ jobs: queue }, clock) => {
    const begun: string[] = [];
    for (const kind of ['tidies', 'other']) {
      const { id } = await queue.enqueue({ kind, projectId: null, params: {} });
      await queue.lease({ kinds: [kind], owner: 'killed', leaseMs: LEASE_MS });
      await queue.requestCancel(id);
    }
    clock.advance(LEASE_MS);
    const handler: JobHandler = async ({ job, signal }) => {
      begun.push(job.kind);
      throwIfStopped(signal);
      return null;
    };
    const runner = new JobRunner({
      queue,
      handlers: { tidies: handler, other: handler },
      longKinds: [],
      tidyingKinds: ['tidies'],
      owner: 'test',
      clock,
      log: { info: silent, warn: silent, error: silent },
    });
    runner.start();
    const states = async () => (await queue.list({ limit: 10 })).map(({ state }) => state);
    await expect.poll(states).toEqual(['cancelled', 'cancelled']);
    await runner.stop();
    expect(begun).toEqual(['tidies']);
  }));

const ACTS = ['add', 'finish', 'finish', 'jump', 'pause', 'cancel', 'retry'] as const;

it('never runs a job twice at once, and ends them all, whatever the clock does', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...ACTS), { maxLength: 25 }), (acts) =>
      withRunner(async ({ queue, clock, attempts, add, running }) => {
        const all: Job[] = [await add()];
        const twice = () => all.filter(({ id }) => running(id).length > 1);
        for (const [i, act] of acts.entries()) {
          const { id } = all[i % all.length]!;
          if (act === 'add') all.push(await add(i % 2 ? 'a' : 'b'));
          if (act === 'finish') attempts.findLast((one) => !one.ended)?.finish();
          if (act === 'jump') clock.advance(LEASE_MS);
          if (act === 'cancel') await queue.requestCancel(id);
          // Refused for those that have ended, or have not.
          if (act === 'pause') await queue.requestPause(id).catch(silent);
          if (act === 'retry') await queue.retry(id).catch(silent);
          await new Promise(setImmediate);
          expect(twice()).toEqual([]);
        }
        const left = async () =>
          (await queue.list({ limit: 100 })).filter(({ state }) => !['done', 'cancelled'].includes(state));
        for (const job of await left()) await queue.resume(job.id).catch(silent);
        await expect
          .poll(
            async () => {
              for (const one of attempts) one.finish();
              expect(twice()).toEqual([]);
              return left();
            },
            { timeout: 30_000, interval: 5 },
          )
          .toEqual([]);
      }),
    ),
    { numRuns: 25 },
  ));
