/** What checks a spread, and since when: answers that are written down by hand. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { ProjectConfig } from '../../src/app/projects/project-config.ts';
import { factsOf } from '../../src/app/spread/facts.ts';
import type { Project } from '../../src/core/domain.ts';

const RUN = 7;

it('dates a bulk label that a person has looked at before the bulk act: its neighbours were closed with it', async () => {
  const result = [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: ['spam'] } }];
  const given = (id: number, taskId: number, runId: number | null) => {
    return { id, taskId, annotatorId: id, runId, result, skipped: false, groundTruth: false };
  };
  const annotations = [given(1, 1, null), given(2, 2, RUN), given(3, 3, RUN), given(4, 3, null)];
  const store = {
    tasks: {
      ordinals: async (_: number, from: number) =>
        from === 0 ? { ids: [1, 2, 3], ordinals: [0, 1, 2] } : { ids: [], ordinals: [] },
    },
    annotations: { list: async (_: number, { after }: { after: number }) => (after === 0 ? annotations : []) },
    spread: { wanted: async () => [1, 2, 3].map((taskId) => ({ taskId, checks: true })) },
    runs: { list: async () => [{ id: RUN, kind: 'promote' }] },
  };
  const config = {
    classes: ['spam', 'ham'],
    control: { name: 'label', type: 'choices', valueKey: 'choices', multiple: false },
  };
  const { seeds, verified } = await factsOf(
    { store } as unknown as Deps,
    { id: 1, settings: { seed: 1, blindShare: 0 } } as Project,
    config as unknown as ProjectConfig,
  );
  expect(seeds).toEqual([{ ordinal: 1, classes: [0], at: 2, inBulk: true }]);
  const since = verified.map(({ ordinal, at }) => [ordinal, at]).sort();
  expect(since).toEqual([
    [0, 1],
    [2, 0],
  ]);
});
