import fc from 'fast-check';
import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty, SETTINGS } from '../world.ts';

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

  it('keeps its running totals equal to a fresh count, whatever happens in whatever order', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 3 }),
        (acts, overlap) =>
          inWorld(
            open,
            async ({ store, project, tasks, annotator, answer, run }) => {
              const all = ids(await tasks(5));
              const bulk = await run('promote');
              const people = [await annotator('ann'), await annotator('bob'), await annotator('cyd')];
              const play = async ({ kind, task, person, flag }: Act): Promise<unknown> => {
                const taskId = all[task]!;
                const [own] = (await store.annotations.ofTask(taskId)).filter(
                  (one) => one.annotatorId === people[person],
                );
                const given = answer(taskId, people[person]!, { skipped: flag, groundTruth: person === 0 });
                if (kind === 'submit') return store.annotations.submit(given);
                if (kind === 'bulk') return store.annotations.insert([{ ...given, runId: bulk.id }]);
                if (kind === 'flip' && own) return store.annotations.update(own.id, { skipped: !own.skipped });
                if (kind === 'delete' && own) return store.annotations.delete(own.id);
                if (kind === 'delete task' && flag) return store.tasks.delete(project.id, [taskId]);
                if (kind === 'undo') return flag ? store.runs.revoke(bulk.id) : store.runs.restore(bulk.id);
                if (kind === 'overlap') {
                  return store.projects.update(project.id, { settings: { ...SETTINGS, overlap: 1 + person } });
                }
                return undefined;
              };
              for (const one of acts) await play(one).catch((error) => expect(error).toMatchObject(code('NOT_FOUND')));
              const { overlap: needed } = (await store.projects.get(project.id))!.settings;
              const annotations = await store.annotations.list(project.id, { after: 0, limit: 1_000 });
              const answers = all.map((id) => annotations.filter((one) => one.taskId === id && !one.skipped).length);
              expect(await store.projects.counts(project.id)).toEqual({
                tasks: (await store.tasks.list(project.id, { after: 0, limit: 100 })).length,
                labeledTasks: answers.filter((n) => n > 0).length,
                finishedTasks: answers.filter((n) => n >= needed).length,
                annotations: annotations.filter((one) => !one.skipped).length,
                skipped: annotations.filter((one) => one.skipped).length,
                groundTruth: annotations.filter((one) => one.groundTruth).length,
              });
            },
            overlap,
          ),
      ),
      { numRuns: 30 },
    ));
}

interface Act {
  readonly kind: string;
  readonly task: number;
  readonly person: number;
  readonly flag: boolean;
}

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom('submit', 'submit', 'submit', 'bulk', 'flip', 'delete', 'delete task', 'undo', 'overlap'),
  task: fc.nat(4),
  person: fc.nat(2),
  flag: fc.boolean(),
});
