/** What a label model is fitted on: every task once, however many were deleted or changed; annotated ones always. */
import { expect, it } from 'vitest';
import { found } from '../../src/app/lookup.ts';
import { fittedTasks } from '../../src/app/suggestions/fitted-tasks.ts';
import { ids, inWorld } from '../contract/world.ts';
import { openSqlite } from '../store/open-temp.ts';

it('reads each living task once, and annotated ones also where the spread does not reach', () =>
  inWorld(openSqlite, async (world) => {
    const { store, project } = world;
    const taskIds = ids(await world.tasks(2_200));
    await store.tasks.delete(project.id, taskIds.slice(100, 700));
    const ann = await world.annotator('ann');
    await store.annotations.insert([taskIds[50]!, taskIds[1_500]!, taskIds[2_199]!].map((id) => world.answer(id, ann)));
    const read = async (spread: number): Promise<number[]> => {
      const now = await found('project', project.id, store.projects.get(project.id));
      const all: number[] = [];
      for await (const tasks of fittedTasks({ store }, now, { spread, annotated: 10 })) {
        all.push(...tasks.map((task) => task.id));
      }
      return all;
    };
    const living = taskIds.filter((_, i) => i < 100 || i >= 700);
    expect(await read(10_000)).toEqual(living);
    expect(await read(1_000)).toEqual([...living.slice(0, 400), taskIds[1_500], taskIds[2_199]]);
  }));
