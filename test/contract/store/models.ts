import { expect, it } from 'vitest';
import { code, inWorld, type OpenEmpty, type World } from '../world.ts';

export function modelContract(open: OpenEmpty): void {
  it('numbers versions within project and control and knows each only once', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const first = await store.models.add(model(world, 'class', 'aaa'));
      const second = await store.models.add(model(world, 'class', 'bbb'));
      const other = await store.models.add(model(world, 'topic', 'aaa'));
      expect([first.number, second.number, other.number]).toEqual([1, 2, 1]);
      expect(await store.models.add(model(world, 'class', 'aaa'))).toEqual(first);
      const summaries = [first, second, other].map(({ head: _, ...summary }) => summary);
      expect(await store.models.list(project.id)).toEqual(summaries);
      const again = await store.models.get(first.id);
      expect(Array.from(again!.head)).toEqual([0, 1, 254, 255]);
      expect(again!.metrics).toEqual({ accuracy: 91.5 });
    }));

  it('has at most one active version per control, and can go back', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const first = await store.models.add(model(world, 'class', 'aaa'));
      const second = await store.models.add(model(world, 'class', 'bbb'));
      expect(await store.models.active(project.id, 'class')).toBeUndefined();
      await store.models.activate(first.id, 'the first');
      const active = await store.models.activate(second.id, 'better by 2 points');
      expect(await store.models.active(project.id, 'class')).toEqual(active);
      expect(active).toMatchObject({ id: second.id, active: true, verdict: 'better by 2 points' });
      await store.models.activate(first.id, 'rolled back');
      expect(await store.models.active(project.id, 'class')).toMatchObject({ id: first.id, verdict: 'rolled back' });
      expect((await store.models.list(project.id)).filter((one) => one.active)).toHaveLength(1);
      await expect(store.models.activate(999, '')).rejects.toMatchObject(code('NOT_FOUND'));
    }));
}

function model({ project }: World, control: string, version: string) {
  return {
    projectId: project.id,
    control,
    version,
    embedder: 'lexical',
    trainedOn: 50,
    metrics: { accuracy: 91.5 },
    head: Uint8Array.of(0, 1, 254, 255),
    verdict: 'waiting',
  };
}
