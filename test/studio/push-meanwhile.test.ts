/** Predictions are worked out for a push, and Label Studio asks for one of them itself in the meantime. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { JobWork } from '../../src/app/jobs/job-runner.ts';
import type { Proposals } from '../../src/app/studio/proposals.ts';
import { pushPredictions } from '../../src/app/studio/push.ts';
import type { Connection, StudioTask } from '../../src/core/connection.ts';

it('is not sent a second time', async () => {
  const rows = [1, 2].map((id): StudioTask => {
    return { studioId: id, taskId: id, dataHash: '', pushed: '', pushing: '', owed: false };
  });
  const sent: { task: number }[] = [];
  const deps = {
    store: {
      projects: { counts: async () => ({ tasks: rows.length }) },
      tasks: { get: async (id: number) => ({ id, data: {} }) },
      studio: {
        page: async (_id: number, after: number) => rows.filter((row) => row.studioId > after),
        tasks: async () => rows,
        mark: async () => undefined,
      },
    },
    fetch: async (_url: string, { body }: { body: string }) => {
      sent.push(...JSON.parse(body));
      return { status: 201, body: [Buffer.from('{}')], close: () => undefined };
    },
  } as unknown as Deps;
  const suggest = async (items: readonly object[]) => {
    rows[0] = { ...rows[0]!, pushed: 'hs-1' };
    return items.map(() => ({ result: [], score: 0.5 }));
  };
  const proposals = { of: async () => ({ version: 'hs-1', suggest }) } as unknown as Proposals;
  const work = { signal: new AbortController().signal, progress: async () => undefined } as unknown as JobWork;
  const connection = { id: 1, projectId: 1, studioProject: 5, url: 'http://labels', token: 'x' } as Connection;
  const counts = await pushPredictions(deps, proposals, connection, work, { owed: false });
  expect(counts).toMatchObject({ pushed: 1, there: 1, refused: 0 });
  expect(sent.map((one) => one.task)).toEqual([2]);
});
