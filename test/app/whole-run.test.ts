/** Bulk acts that count whole or not at all. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { JobWork } from '../../src/app/jobs/job-runner.ts';
import { wholeRun } from '../../src/app/jobs/whole-run.ts';
import { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import { createSpreadHandler } from '../../src/app/spread/run.ts';
import { createSpansHandler } from '../../src/app/spread/spans.ts';
import type { Run } from '../../src/core/domain.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';

const START = { kind: 'propagation', labelerId: null, summary: '', params: { job: 99, by: 'test' } } as const;

function world() {
  const runs: Run[] = [];
  const at = (id: number): Run => runs[id - 1]!;
  const change = (id: number, to: Partial<Run>): Run => Object.assign(at(id), to);
  const store = {
    list: async () => runs,
    start: async (run: Partial<Run>) => {
      runs.push({ ...run, id: runs.length + 1, state: 'running', written: 0, revokedAt: null } as Run);
      return runs.at(-1)!;
    },
    finish: async (id: number, state: Run['state'], written: number) => change(id, { state, written }),
    revoke: async (id: number) => change(id, { revokedAt: 'now' }),
  };
  const work = (stopping = false, paused = false, signal = new AbortController().signal) =>
    ({ job: { id: 7, projectId: 1, params: { act: 'apply' } }, stopping, paused, signal }) as unknown as JobWork;
  const projects = { get: async () => ({ id: 1, labelConfig: TEXT_CONFIG, settings: {} }) };
  return { deps: { store: { runs: store, projects } } as unknown as Deps, runs, work };
}

const fails = (): Promise<number> => Promise.reject(new Error('the disk is full'));

it('what fails is taken back at once', async () => {
  const { deps, runs, work } = world();
  await expect(wholeRun(deps, work(), START, fails)).rejects.toThrow('full');
  expect(runs).toMatchObject([{ state: 'failed', revokedAt: 'now', params: { job: 7, by: 'test' } }]);
});

it('what a stopping server leaves open is taken back by the next attempt of the same job, and by no other', async () => {
  const { deps, runs, work } = world();
  await expect(wholeRun(deps, work(true), START, fails)).rejects.toThrow('full');
  expect(runs).toMatchObject([{ state: 'running', revokedAt: null }]);
  runs.push({ ...runs[0]!, id: 2, params: { job: 8 } });
  expect(await wholeRun(deps, work(), START, async () => 5)).toMatchObject({ id: 3, state: 'done', written: 5 });
  expect(runs).toMatchObject([{ state: 'failed', revokedAt: 'now' }, { state: 'running' }, { revokedAt: null }]);
});

it('what is paused is taken back at once, for nobody knows how long it stays so', async () => {
  const { deps, runs, work } = world();
  await expect(wholeRun(deps, work(true, true), START, fails)).rejects.toThrow('full');
  expect(runs).toMatchObject([{ state: 'failed', revokedAt: 'now' }]);
});

it('a run that was ended before a crash is the run of the job: no second one is written', async () => {
  const { deps, runs, work } = world();
  const first = await wholeRun(deps, work(), START, async () => 5);
  expect(await wholeRun(deps, work(), START, fails)).toEqual(first);
  expect(runs).toHaveLength(1);
  const none = {} as never;
  const spread = createSpreadHandler(deps, none, none, new ProjectConfigs(), new Map());
  expect(await spread(work())).toEqual({ runId: first.id, votes: 5, askedAgain: 0 });
  expect(runs).toHaveLength(1);
});

it('what a killed server left open, or was taking back, is taken back when the job is cancelled', async () => {
  const none = {} as never;
  const handlers = (deps: Deps) => [
    createSpreadHandler(deps, none, none, new ProjectConfigs(), new Map()),
    createSpansHandler(deps, new ProjectConfigs()),
  ];
  for (const which of [0, 1]) {
    for (const state of ['running', 'failed'] as const) {
      const { deps, runs, work } = world();
      await expect(wholeRun(deps, work(true), START, fails)).rejects.toThrow('full');
      Object.assign(runs[0]!, { state });
      const cancelled = handlers(deps)[which]!(work(false, false, AbortSignal.abort()));
      await expect(cancelled).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
      expect(runs).toMatchObject([{ state: 'failed', revokedAt: 'now' }]);
    }
  }
});
