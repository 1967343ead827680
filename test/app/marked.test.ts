/** The order by marks stays right when predictions change while it is being worked out. */
import { expect, it } from 'vitest';
import type { AskedControl } from '../../src/app/learning/asked.ts';
import { Marked } from '../../src/app/learning/marked.ts';
import type { Store } from '../../src/store/store.ts';

const TASKS = 3_000;

it('changes, removals and new tasks during the first pass are in the first order', async () => {
  const scores = new Map(Array.from({ length: TASKS }, (_, i) => [i, i / (2 * TASKS)]));
  const store = {
    predictions: {
      ofTasks: async (ids: readonly number[]) =>
        ids.flatMap((id) => {
          const score = scores.get(id);
          return score === undefined ? [] : [{ taskId: id, result: [{ from_name: 'box', score }], score: null }];
        }),
    },
  } as unknown as Store;
  const asked = { asked: 'boxes', control: { name: 'box' } } as unknown as AskedControl;
  const marked = new Marked(store, asked, 7);
  const tasks = (...ordinals: number[]) => ordinals.map((ordinal) => ({ id: ordinal, ordinal }));
  await marked.read(tasks(...scores.keys()));
  expect(marked.size).toBe(TASKS);

  const first = marked.order('box-margin-sum', 4, [TASKS - 2]);
  scores.set(1, 0.5);
  scores.set(TASKS, 0.499_95);
  scores.delete(TASKS - 3);
  await marked.read(tasks(1, TASKS, TASKS - 3));
  marked.remove(TASKS - 4);
  expect((await first).map(({ ordinal }) => ordinal)).toEqual([1, TASKS, TASKS - 1, TASKS - 5]);
  const ordinals = (await marked.order('sequential', 3, [0, 2])).map(({ ordinal }) => ordinal);
  expect(ordinals).toEqual([1, 3, 4]);
});
