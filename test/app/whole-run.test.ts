/** Bulk acts that count whole or not at all. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { JobWork } from '../../src/app/job-runner.ts';
import { wholeRun } from '../../src/app/whole-run.ts';
import type { Run } from '../../src/core/domain.ts';

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
  const work = (stopping = false) => ({ job: { id: 7, projectId: 1 }, stopping }) as JobWork;
  return { deps: { store: { runs: store } } as unknown as Deps, runs, work };
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
