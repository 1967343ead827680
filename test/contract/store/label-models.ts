import { expect, it } from 'vitest';
import { inWorld, type OpenEmpty } from '../world.ts';

export function labelModelContract(open: OpenEmpty): void {
  it('keeps one per control: a new fit replaces it, clearing takes it away', () =>
    inWorld(open, async ({ store, project }) => {
      const { labelModels } = store;
      const first = { projectId: project.id, control: 'class', version: 'a', body: { weights: [0.1, 1 / 3] } };
      expect(await labelModels.get(project.id, 'class')).toBeUndefined();
      const kept = await labelModels.set(first);
      expect(await labelModels.get(project.id, 'class')).toEqual(kept);
      await labelModels.set({ ...first, control: 'other' });
      await labelModels.set({ ...first, version: 'b' });
      expect(await labelModels.get(project.id, 'class')).toMatchObject({ version: 'b', body: first.body });
      await labelModels.clear(project.id, 'class');
      await labelModels.clear(project.id, 'class');
      expect(await labelModels.get(project.id, 'class')).toBeUndefined();
      expect(await labelModels.get(project.id, 'other')).toMatchObject({ version: 'a' });
    }));

  it('belongs to a project and goes with it', () =>
    inWorld(open, async ({ store, project }) => {
      const model = { projectId: project.id, control: 'class', version: 'a', body: {} };
      await store.labelModels.set(model);
      await store.projects.delete(project.id);
      await expect(store.labelModels.set(model)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }));
}
