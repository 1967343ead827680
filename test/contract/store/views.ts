import { expect, it } from 'vitest';
import { code, inWorld, type OpenEmpty } from '../world.ts';

export function viewContract(open: OpenEmpty): void {
  it('keeps views word for word until they or their project go', () =>
    inWorld(open, async ({ store, project }) => {
      const data = { title: 'mine', filters: { conjunction: 'and', items: [] } };
      const first = await store.views.add(project.id, data);
      const second = await store.views.add(project.id, {});
      expect(first).toEqual({ id: first.id, projectId: project.id, data });
      expect(await store.views.list(project.id)).toEqual([first, second]);
      expect(await store.views.update(second.id, { title: 'other' })).toMatchObject({ data: { title: 'other' } });
      expect(await store.views.get(second.id)).toMatchObject({ data: { title: 'other' } });
      await store.views.delete(first.id);
      expect(await store.views.get(first.id)).toBeUndefined();
      await expect(store.views.delete(first.id)).rejects.toMatchObject(code('NOT_FOUND'));
      await expect(store.views.add(999, {})).rejects.toMatchObject(code('NOT_FOUND'));
      await store.projects.delete(project.id);
      expect(await store.views.get(second.id)).toBeUndefined();
    }));
}
