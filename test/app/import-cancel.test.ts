/** A cancelled import leaves nothing, wherever it was when it was cancelled: at work, between two servers, or after a crash. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { EMBED } from '../../src/app/embeddings/embed.ts';
import { JobRunner } from '../../src/app/jobs/job-runner.ts';
import { createJobs, TAKE_BACK_MS } from '../../src/app/jobs/jobs.ts';
import type { Loops } from '../../src/app/learning/loops.ts';
import { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import { createImportHandler, IMPORT } from '../../src/app/transfer/import.ts';
import { inWorld, type World } from '../contract/world.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';
import { openSqlite } from '../store/open-temp.ts';

const LEASE_MS = 15_000;
const WRITTEN = 3;
const silent = () => undefined;

/** An import that an earlier server has leased and written some rows of. */
async function begun({ store, clock, project, importRun, tasks }: World) {
  const files = new Set(['spooled']);
  const spool = {
    has: async (id: string) => files.has(id),
    delete: async (id: string) => {
      await disk.answers();
      files.delete(id);
    },
    read: async function* () {
      yield Buffer.from('{"data":{"text":"a row"}}\n'.repeat(2 * WRITTEN));
    },
  };
  const disk = { answers: async (): Promise<void> => undefined };
  const loops = { added: async () => undefined, reload: async () => undefined } as unknown as Loops;
  const deps = { store, spool, clock, newId: () => 'new', inference: { models: () => [] } } as unknown as Deps;
  const jobs = createJobs(deps, loops, new AbortController().signal);
  const params = { spoolId: 'spooled', skipInvalid: false, format: 'jsonl', runId: importRun.id, rows: 2 * WRITTEN };
  const { id } = await store.jobs.enqueue({ kind: IMPORT, projectId: project.id, params });
  const lease = (await store.jobs.lease({ kinds: [IMPORT], owner: 'earlier', leaseMs: LEASE_MS }))!;
  await tasks(WRITTEN);
  const runner = new JobRunner({
    queue: store.jobs,
    handlers: { [IMPORT]: createImportHandler(deps, loops, new ProjectConfigs()) },
    longKinds: [],
    tidyingKinds: [IMPORT],
    owner: 'this',
    clock,
    log: { info: silent, warn: silent, error: silent },
  });
  const left = async () => ({
    job: (await jobs.get(id)).state,
    tasks: (await store.projects.counts(project.id)).tasks,
    run: (await store.runs.get(importRun.id))!.state,
    file: files.size,
  });
  return { id, jobs, lease, runner, left, disk };
}

const NOTHING = { job: 'cancelled', tasks: 0, run: 'failed', file: 0 };

it('that a stopping server has given back', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, lease, left } = await begun(world);
    await world.store.jobs.release(lease);
    expect(await left()).toEqual({ job: 'queued', tasks: WRITTEN, run: 'running', file: 1 });
    await jobs.cancel(id);
    expect(await left()).toEqual(NOTHING);
    await expect(jobs.retry(id)).rejects.toMatchObject({ code: 'CONFLICT', message: /import the file again/ });
  }));

it('that waits, when the server is killed before all is taken back', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, lease, runner, left, disk } = await begun(world);
    await world.store.jobs.release(lease);
    const cut = new Promise<void>((reached) => {
      disk.answers = () => {
        reached();
        return new Promise(() => undefined);
      };
    });
    void jobs.cancel(id);
    await cut;
    expect(await left()).toMatchObject({ job: 'running', file: 1 });
    disk.answers = async () => undefined;
    world.clock.advance(TAKE_BACK_MS);
    runner.start();
    await expect.poll(async () => (await left()).job).toBe('cancelled');
    await runner.stop();
    expect(await left()).toEqual(NOTHING);
  }));

it('that waits, when taking back fails at first', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, lease, runner, left, disk } = await begun(world);
    await world.store.jobs.release(lease);
    disk.answers = () => Promise.reject(new Error('the disk is away'));
    await expect(jobs.cancel(id)).rejects.toThrow('away');
    disk.answers = async () => undefined;
    runner.start();
    await expect.poll(async () => (await left()).job).toBe('cancelled');
    await runner.stop();
    expect(await left()).toEqual(NOTHING);
  }));

it('that was through when it was cancelled keeps its tasks, has them embedded, and leaves no file', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, lease, left } = await begun(world);
    await world.store.projects.update(world.project.id, { labelConfig: TEXT_CONFIG });
    await world.store.runs.finish(world.importRun.id, 'done', WRITTEN);
    await world.store.jobs.release(lease);
    await jobs.cancel(id);
    expect(await left()).toEqual({ job: 'cancelled', tasks: WRITTEN, run: 'done', file: 0 });
    const kinds = (await jobs.list({ projectId: world.project.id, limit: 10 })).map((job) => job.kind);
    expect(kinds).toEqual([EMBED, IMPORT]);
  }));

it('whose project went meanwhile leaves no file', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, lease, left } = await begun(world);
    await world.store.jobs.release(lease);
    world.store.runs.get = async () => undefined;
    await expect(jobs.cancel(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    world.store.runs.get = async () => world.importRun;
    expect(await left()).toMatchObject({ file: 0 });
  }));

it('that a killed server was about to cancel', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, runner, left } = await begun(world);
    await jobs.cancel(id);
    expect((await left()).job).toBe('running');
    world.clock.advance(LEASE_MS);
    runner.start();
    await expect.poll(async () => (await left()).job).toBe('cancelled');
    await runner.stop();
    expect(await left()).toEqual(NOTHING);
  }));

it('that a killed server was taking back', () =>
  inWorld(openSqlite, async (world) => {
    const { id, jobs, runner, left } = await begun(world);
    await jobs.cancel(id);
    await world.store.runs.finish(world.importRun.id, 'failed', 0);
    expect(await left()).toEqual({ job: 'running', tasks: WRITTEN, run: 'failed', file: 1 });
    world.clock.advance(LEASE_MS);
    runner.start();
    await expect.poll(async () => (await left()).job).toBe('cancelled');
    await runner.stop();
    expect(await left()).toEqual(NOTHING);
  }));
