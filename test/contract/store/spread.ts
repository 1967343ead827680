import { expect, it } from 'vitest';
import { inWorld, type OpenEmpty } from '../world.ts';

export function spreadContract(open: OpenEmpty): void {
  it('keeps the sources of votes with their run, which must be open', () =>
    inWorld(open, async (world) => {
      const { store, run } = world;
      const [task, source] = await world.tasks(2);
      const { id } = await run('propagation');
      const sources = [{ taskId: source!.id, similarity: 0.93 }];
      await store.spread.addSources(id, [{ taskId: task!.id, sources }]);
      await store.spread.addSources(id, [{ taskId: task!.id, sources: [] }]);
      expect(await store.spread.sourcesOf(id, task!.id)).toEqual(sources);
      expect(await store.spread.sourcesOf(id, source!.id)).toEqual([]);
      await store.runs.finish(id, 'done', 1);
      await expect(store.spread.addSources(id, [])).rejects.toMatchObject({ code: 'CONFLICT' });
    }));

  it('remembers which tasks are wanted until they are deleted', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const [a, b] = await world.tasks(2);
      await store.spread.want(project.id, [{ taskId: b!.id, checks: false }]);
      await store.spread.want(project.id, [
        { taskId: a!.id, checks: true },
        { taskId: b!.id, checks: true },
      ]);
      expect(await store.spread.wanted(project.id)).toEqual([
        { taskId: a!.id, checks: true },
        { taskId: b!.id, checks: true },
      ]);
      await store.tasks.delete(project.id, [a!.id]);
      expect(await store.spread.wanted(project.id)).toEqual([{ taskId: b!.id, checks: true }]);
    }));
}
