import { expect, it } from 'vitest';
import { inWorld, type OpenEmpty } from '../world.ts';

export function imageHashContract(open: OpenEmpty): void {
  it('keeps one hash per task, replaced as a whole and gone with its task', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const [first, second] = await tasks(2);
      const { imageHashes } = store;
      const row = { taskId: first!.id, content: 'a', model: 'image-hash@1', hash: [1, 65_535, 0, 7] };
      await imageHashes.put([row, { ...row, taskId: second!.id, hash: null }, { ...row, taskId: 999_999 }]);
      expect(await imageHashes.ofTasks([first!.id, second!.id, 999_999])).toEqual([
        row,
        { ...row, taskId: second!.id, hash: null },
      ]);
      await imageHashes.put([{ ...row, content: 'b' }]);
      expect(await imageHashes.ofTasks([first!.id])).toMatchObject([{ content: 'b' }]);
      await store.tasks.delete(project.id, [first!.id]);
      expect(await imageHashes.ofTasks([first!.id])).toEqual([]);
    }));
}
