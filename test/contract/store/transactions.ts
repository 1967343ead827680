import { expect, it } from 'vitest';
import { ids, inWorld, type OpenEmpty } from '../world.ts';

export function transactionContract(open: OpenEmpty): void {
  it('lets a failing write fail alone among many that arrive together', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const all = ids(await tasks(100));
      const ann = await annotator('ann');
      const wanted = all.map((id, i) => (i % 7 === 3 ? 90_000 + id : id));
      const outcomes = await Promise.allSettled(wanted.map((id) => store.annotations.submit(answer(id, ann))));
      for (const [i, outcome] of outcomes.entries())
        expect(outcome.status).toBe(i % 7 === 3 ? 'rejected' : 'fulfilled');
      const stored = await store.annotations.list(project.id, { after: 0, limit: 1_000 });
      expect(stored.map((one) => one.taskId)).toEqual(all.filter((_, i) => i % 7 !== 3));
    }));

  it('never shows half of a large write', () =>
    inWorld(open, async ({ store, project, importRun }) => {
      const many = Array.from({ length: 20_000 }, (_, i) => ({ data: { text: `${i}` }, meta: {} }));
      let done = false;
      const writing = store.tasks.insert(project.id, importRun.id, many, many.length).then(() => {
        done = true;
      });
      const seen = new Set<number>();
      while (!done) {
        seen.add((await store.tasks.ordinals(project.id, 19_990, 100)).ids.length);
        seen.add((await store.projects.counts(project.id)).tasks);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writing;
      expect([...seen].filter((n) => n !== 0 && n !== 10 && n !== 20_000)).toEqual([]);
      expect((await store.projects.counts(project.id)).tasks).toBe(20_000);
    }));
}
