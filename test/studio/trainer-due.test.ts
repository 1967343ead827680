/** When a trainer elsewhere is called: after so many new ones, also when some were taken back in between. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { callTrainerWhenDue } from '../../src/app/studio/trainer.ts';
import type { Trainer } from '../../src/core/connection.ts';

function world() {
  let trainer: Trainer = { projectId: 1, url: 'http://t', secret: 's', every: 10, counts: 'annotations', calledAt: 0 };
  const calls: unknown[] = [];
  let labeledTasks = 0;
  const store = {
    projects: { counts: async () => ({ labeledTasks }) },
    studio: {
      trainer: async () => trainer,
      claimCall: async ({ calledAt }: Trainer, count: number, { params }: { params: object }) => {
        if (trainer.calledAt !== calledAt) return false;
        trainer = { ...trainer, calledAt: count };
        calls.push(params);
        return true;
      },
      recount: async (_: Trainer, count: number) => {
        trainer = { ...trainer, calledAt: count };
      },
    },
  } as unknown as Deps['store'];
  const at = async (count: number) => {
    labeledTasks = count;
    await callTrainerWhenDue({ store }, 1);
  };
  return { at, calls };
}

it('counts from what is left when answers were taken back', async () => {
  const { at, calls } = world();
  for (const count of [9, 10, 19, 4, 13, 14, 15]) await at(count);
  expect(calls).toEqual([{ count: 10 }, { count: 14 }]);
});

it('is called once by answers that come together', async () => {
  const { at, calls } = world();
  await Promise.all([at(10), at(10), at(10)]);
  expect(calls).toEqual([{ count: 10 }]);
});
