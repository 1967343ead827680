import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty } from '../world.ts';

export function taskContract(open: OpenEmpty): void {
  it('appends tasks in order, with dense ordinals and a cursor that survives', () =>
    inWorld(open, async ({ store, project, importRun, tasks }) => {
      const first = await tasks(300);
      const second = await tasks(5);
      const all = [...first, ...second];
      expect(all.map((task) => task.ordinal)).toEqual(all.map((_, i) => i));
      expect(all.map((task) => task.data.text)).toEqual(all.map((_, i) => `mail ${i}`));
      expect(await store.runs.cursor(importRun.id)).toBe(305);
      expect((await store.runs.get(importRun.id))!.written).toBe(305);
      expect((await store.projects.get(project.id))!.ordinals).toBe(305);
      expect(await store.tasks.get(first[299]!.id)).toEqual(first[299]);
    }));

  it('pages by id', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const all = ids(await tasks(7));
      const pages: number[][] = [];
      for (let after = 0; ; ) {
        const page = ids(await store.tasks.list(project.id, { after, limit: 3 }));
        if (page.length === 0) break;
        pages.push(page);
        after = page.at(-1)!;
      }
      expect(pages).toEqual([all.slice(0, 3), all.slice(3, 6), all.slice(6)]);
    }));

  it('finds tasks by ordinal, the first one too, in ordinal order and only of this project', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const all = await tasks(20);
      const other = await store.projects.create({ ...project, title: 'other' });
      expect(await store.tasks.byOrdinals(project.id, [19, 0, 4, 77])).toEqual([all[0], all[4], all[19]]);
      expect(await store.tasks.byOrdinals(other.id, [0, 1])).toEqual([]);
      expect(await store.tasks.byOrdinals(project.id, [])).toEqual([]);
    }));

  it('lists ordinals without tombstones, from any ordinal on', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const all = await tasks(6);
      expect(await store.tasks.delete(project.id, [all[1]!.id, all[4]!.id, 12_345])).toBe(2);
      const rest = await store.tasks.ordinals(project.id, 1, 2);
      expect([...rest.ordinals]).toEqual([2, 3]);
      expect([...rest.ids]).toEqual([all[2]!.id, all[3]!.id]);
      expect([...(await store.tasks.ordinals(project.id, 0, 100)).ordinals]).toEqual([0, 2, 3, 5]);
    }));

  it('lists many ordinals in one go', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      await tasks(9_000);
      const { ids: all, ordinals } = await store.tasks.ordinals(project.id, 0, 8_500);
      expect(all.length).toBe(8_500);
      expect(ordinals.every((ordinal, i) => ordinal === i)).toBe(true);
    }));

  it('gives an edited task a new ordinal when its data changed, and only then', () =>
    inWorld(open, async ({ store, project, tasks, run }) => {
      const [task] = await tasks(3);
      const [label] = await store.labels.sync(project.id, 'class', ['spam']);
      const votes = await run('prelabel');
      await store.votes.write(votes.id, [{ taskId: task!.id, labelId: label!.id, score: 0.5 }]);

      const same = await store.tasks.edit(task!.id, { data: task!.data, meta: { seen: true } });
      expect(same).toMatchObject({ ordinal: 0, meta: { seen: true } });
      expect(await store.votes.ofTasks([task!.id])).toHaveLength(1);

      const edited = await store.tasks.edit(task!.id, { data: { text: 'new' } });
      expect(edited).toMatchObject({ id: task!.id, ordinal: 3, data: { text: 'new' }, meta: { seen: true } });
      expect(await store.votes.ofTasks([task!.id])).toEqual([]);
      expect([...(await store.tasks.ordinals(project.id, 0, 9)).ordinals]).toEqual([1, 2, 3]);
      expect((await store.projects.get(project.id))!.ordinals).toBe(4);
    }));

  it('never gives an id or an ordinal out twice', () =>
    inWorld(open, async ({ store, project, tasks }) => {
      const [last] = await tasks(1);
      await store.tasks.delete(project.id, [last!.id]);
      const [next] = await tasks(1);
      expect(next!.id).toBeGreaterThan(last!.id);
      expect(next!.ordinal).toBeGreaterThan(last!.ordinal);
    }));

  it('deletes only tasks of the named project, with all that hangs on them', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [task] = await tasks(2);
      const ann = await annotator('ann');
      const other = await store.projects.create({ ...project, title: 'other' });
      expect(await store.tasks.delete(other.id, [task!.id])).toBe(0);
      const model = await store.labelers.ensure('model', 'head', '1');
      const [prediction] = await store.predictions.add([
        { projectId: project.id, taskId: task!.id, labelerId: model.id, runId: null, result: [], score: 0.5 },
      ]);
      await store.annotations.submit(answer(task!.id, ann));
      expect(await store.tasks.delete(project.id, [task!.id, task!.id])).toBe(1);
      expect(await store.predictions.get(prediction!.id)).toBeUndefined();
      expect(await store.annotations.ofTask(task!.id)).toEqual([]);
      expect(await store.integrityProblems()).toEqual([]);
    }));

  it('takes what runs predicted away with the data that it was predicted for, and adds none of theirs afterwards', () =>
    inWorld(open, async ({ store, project, tasks, importRun, run }) => {
      const [task, other, gone] = await tasks(3);
      const model = await store.labelers.ensure('model', 'head', '1');
      const made = { projectId: project.id, taskId: task!.id, labelerId: model.id, result: [], score: null };
      const [marks, spread] = [await run('rules'), await run('propagation')];
      const kept = await store.predictions.add([
        { ...made, runId: null },
        { ...made, runId: importRun.id },
        { ...made, taskId: other!.id, ordinal: other!.ordinal, runId: marks.id },
      ]);
      await store.predictions.add([marks.id, spread.id].map((runId) => ({ ...made, ordinal: task!.ordinal, runId })));
      await store.tasks.edit(task!.id, { meta: { seen: true } });
      expect(await store.predictions.ofTasks([task!.id])).toHaveLength(4);
      await store.tasks.edit(task!.id, { data: { text: 'something else' } });
      await store.tasks.delete(project.id, [gone!.id]);
      const late = [task!, other!, gone!].map(({ id: taskId, ordinal }) => {
        return { ...made, taskId, ordinal, runId: marks.id };
      });
      const added = await store.predictions.add(late);
      expect(added.map((one) => one.taskId)).toEqual([other!.id]);
      expect(await store.predictions.ofTasks([task!.id, other!.id])).toEqual([...kept, ...added]);
      expect(await store.predictions.count(project.id)).toBe(4);
      expect(await store.integrityProblems()).toEqual([]);
    }));

  it('refuses tasks for a run that has ended, was undone or belongs to another project', () =>
    inWorld(open, async ({ store, project, importRun, run }) => {
      const other = await store.projects.create({ ...project, title: 'other' });
      const one = [{ data: { text: 'x' }, meta: {} }];
      await expect(store.tasks.insert(other.id, importRun.id, one, 1)).rejects.toMatchObject(code('NOT_FOUND'));
      await store.runs.finish(importRun.id, 'done', 0);
      await expect(store.tasks.insert(project.id, importRun.id, one, 1)).rejects.toMatchObject(code('CONFLICT'));
      const undone = await run('import');
      await store.runs.revoke(undone.id);
      await expect(store.tasks.insert(project.id, undone.id, one, 1)).rejects.toMatchObject(code('CONFLICT'));
      expect((await store.projects.counts(project.id)).tasks).toBe(0);
    }));
}
