import { expect, it } from 'vitest';
import { inWorld, type OpenEmpty } from '../world.ts';

export function mediaFactContract(open: OpenEmpty): void {
  it('keeps one row per task, replaced as a whole; tasks that are gone are left out', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const [first, second] = await tasks(2);
      const { mediaFacts } = store;
      const row = { taskId: first!.id, reference: 'a', version: 'v1', facts: { width: 10, exif: {} }, problem: null };
      const problem = { code: 'MEDIA_FETCH' as const, message: 'Away.', details: {} };
      await mediaFacts.put([row, { ...row, taskId: second!.id, version: '', facts: {}, problem }]);
      expect(await mediaFacts.ofTasks([first!.id, second!.id, 999_999])).toMatchObject([
        row,
        { taskId: second!.id, version: '', facts: {}, problem },
      ]);
      await mediaFacts.put([
        { ...row, version: 'v2', facts: { width: null } },
        { ...row, taskId: 999_999 },
      ]);
      expect(await mediaFacts.ofTasks([first!.id])).toMatchObject([{ version: 'v2', facts: { width: null } }]);
      expect(await mediaFacts.ofVersion('v1')).toBeUndefined();
      await mediaFacts.put([{ ...row, taskId: second!.id, version: 'v2', facts: { width: 3, brightness: 0.5 } }]);
      expect(await mediaFacts.ofVersion('v2')).toMatchObject({ taskId: second!.id, facts: { brightness: 0.5 } });
      await store.projects.delete(project.id);
      await expect(mediaFacts.put([row])).resolves.toBeUndefined();
    }));
}
