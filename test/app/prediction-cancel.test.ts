/** A prediction job that is cancelled while it is paused or waits: its run ends with it, and no other run does. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { createJobs } from '../../src/app/jobs/jobs.ts';
import type { Loops } from '../../src/app/learning/loops.ts';
import { PREDICT } from '../../src/app/learning/predict.ts';
import { inWorld } from '../contract/world.ts';
import { openSqlite } from '../store/open-temp.ts';

it('ends the run that it has left open, and keeps what that has written', () =>
  inWorld(openSqlite, async ({ store, project, clock }) => {
    const jobs = createJobs({ store, clock } as unknown as Deps, {} as Loops, new AbortController().signal);
    const [own, other] = await Promise.all(
      ['own', 'other'].map(async (dedupeKey) => {
        const work = { kind: PREDICT, projectId: project.id, params: {}, dedupeKey };
        const { id: job } = await store.jobs.enqueue({ ...work, paused: true });
        const about = { projectId: project.id, kind: 'prelabel', labelerId: null, summary: '' } as const;
        return { job, run: (await store.runs.start({ ...about, params: { job } })).id };
      }),
    );
    expect(await jobs.cancel(own!.job)).toMatchObject({ state: 'cancelled' });
    expect(await store.runs.get(own!.run)).toMatchObject({ state: 'failed', revokedAt: null });
    expect(await store.runs.get(other!.run)).toMatchObject({ state: 'running' });
  }));
