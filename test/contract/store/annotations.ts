import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty } from '../world.ts';

export function annotationContract(open: OpenEmpty): void {
  it('stores an answer as it was given', () =>
    inWorld(open, async ({ store, tasks, annotator, answer, clock }) => {
      const [task] = await tasks(1);
      const given = answer(task!.id, await annotator('ann'), {
        note: 'flagged: "quotes", Ünïcode 🙂',
        blind: true,
        difference: { accepted: 1 },
        outcome: 'accepted',
        submissionId: 'one',
        visibleMs: null,
      });
      const { annotation, created } = await store.annotations.submit(given);
      const now = new Date(clock.now()).toISOString();
      expect(created).toBe(true);
      expect(annotation).toEqual({ ...given, id: annotation.id, createdAt: now, updatedAt: now });
      expect(await store.annotations.get(annotation.id)).toEqual(annotation);
    }));

  it('takes a repeated submit once, also when both arrive together', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [task, other] = await tasks(2);
      const [ann, bob] = [await annotator('ann'), await annotator('bob')];
      const twice = await Promise.all([
        store.annotations.submit(answer(task!.id, ann, { submissionId: 'k' })),
        store.annotations.submit(answer(task!.id, ann, { submissionId: 'k', result: [] })),
      ]);
      expect(twice.map((one) => one.created).sort()).toEqual([false, true]);
      expect(twice[0]!.annotation).toEqual(twice[1]!.annotation);
      // The key is the client's own: another person or task is another answer.
      expect((await store.annotations.submit(answer(task!.id, bob, { submissionId: 'k' }))).created).toBe(true);
      expect((await store.annotations.submit(answer(other!.id, ann, { submissionId: 'k' }))).created).toBe(true);
      expect((await store.projects.counts(project.id)).annotations).toBe(3);
    }));

  it('ends the lease and the postponing of the task', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer, clock }) => {
      const [task] = await tasks(1);
      const ann = await annotator('ann');
      await store.leases.postpone(task!.id, ann);
      const expiresAt = clock.now() + 1_000;
      await store.leases.acquire({
        projectId: project.id,
        annotatorId: ann,
        candidates: [task!.id],
        overlap: 1,
        expiresAt,
      });
      await store.annotations.submit(answer(task!.id, ann));
      expect(await store.leases.get(task!.id, ann)).toBeUndefined();
      expect(await store.leases.postponed(project.id, ann)).toEqual([]);
    }));

  it('refuses an answer to a task that is not there or not of this project', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [task] = await tasks(1);
      const ann = await annotator('ann');
      const other = await store.projects.create({ ...project, title: 'other' });
      await expect(store.annotations.submit(answer(999, ann))).rejects.toMatchObject(code('NOT_FOUND'));
      await expect(store.annotations.submit(answer(task!.id, ann, { projectId: other.id }))).rejects.toMatchObject(
        code('NOT_FOUND'),
      );
      await expect(store.annotations.submit(answer(task!.id, 999))).rejects.toMatchObject(code('NOT_FOUND'));
    }));

  it('inserts many or none', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const all = await tasks(600);
      const ann = await annotator('ann');
      const answers = all.map((task, i) => answer(task.id, ann, { skipped: i % 3 === 0 }));
      await expect(store.annotations.insert([...answers, answer(99_999, ann)])).rejects.toMatchObject(
        code('NOT_FOUND'),
      );
      expect((await store.projects.counts(project.id)).annotations).toBe(0);
      const stored = await store.annotations.insert(answers);
      expect(stored.map((one) => one.taskId)).toEqual(ids(all));
      expect(await store.projects.counts(project.id)).toMatchObject({
        annotations: 400,
        skipped: 200,
        labeledTasks: 400,
      });
      expect(await store.annotations.ofTasks(ids(all))).toEqual(stored);
    }));

  it('changes an answer but never its task or annotator', () =>
    inWorld(open, async ({ store, tasks, annotator, answer, clock }) => {
      const [task, other] = await tasks(2);
      const ann = await annotator('ann');
      const { annotation } = await store.annotations.submit(answer(task!.id, ann));
      clock.advance(5_000);
      const changed = await store.annotations.update(annotation.id, { result: [], taskId: other!.id, annotatorId: 99 });
      expect(changed).toEqual({ ...annotation, result: [], updatedAt: new Date(clock.now()).toISOString() });
      expect(await store.annotations.get(annotation.id)).toEqual(changed);
    }));

  it('lists by task, by project in pages, and the latest of one annotator', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [a, b] = await tasks(2);
      const [ann, bob] = [await annotator('ann'), await annotator('bob')];
      const one = (await store.annotations.submit(answer(a!.id, ann))).annotation;
      const two = (await store.annotations.submit(answer(a!.id, bob))).annotation;
      const three = (await store.annotations.submit(answer(b!.id, ann))).annotation;
      expect(await store.annotations.ofTask(a!.id)).toEqual([one, two]);
      expect(await store.annotations.list(project.id, { after: one.id, limit: 1 })).toEqual([two]);
      expect(await store.annotations.recent(project.id, ann, 5)).toEqual([three, one]);
      expect(await store.annotations.recent(project.id, ann, 1)).toEqual([three]);
    }));

  it('rewrites results, all or nothing', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const all = await tasks(600);
      const ann = await annotator('ann');
      await store.annotations.insert(
        all.map((task, i) => answer(task.id, ann, { result: [{ choice: i % 2 ? 'ham' : 'spam' }] })),
      );
      const failing = store.annotations.rewrite(project.id, (result) => {
        if (result[0]!.choice === 'ham') throw new Error('cannot');
        return [{ choice: 'junk' }];
      });
      await expect(failing).rejects.toThrow('cannot');
      const choices = async (): Promise<Set<unknown>> =>
        new Set(
          (await store.annotations.list(project.id, { after: 0, limit: 1_000 })).map((one) => one.result[0]!.choice),
        );
      expect(await choices()).toEqual(new Set(['spam', 'ham']));
      const changed = await store.annotations.rewrite(project.id, (result) =>
        result[0]!.choice === 'spam' ? [{ choice: 'junk' }] : null,
      );
      expect(changed).toBe(300);
      expect(await choices()).toEqual(new Set(['junk', 'ham']));
    }));

  it('keeps what a blind answer said first, and rewrites it too', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [task] = await tasks(1);
      const given = answer(task!.id, await annotator('ann'), { blind: true, result: [{ choice: 'spam' }] });
      const { annotation } = await store.annotations.submit(given);
      expect(annotation.blindResult).toBeNull();
      const settled = { result: [{ choice: 'ham' }], blindResult: annotation.result };
      await store.annotations.update(annotation.id, settled);
      expect(await store.annotations.get(annotation.id)).toMatchObject(settled);
      const changed = await store.annotations.rewrite(project.id, (result) =>
        result[0]!.choice === 'spam' ? [{ choice: 'junk' }] : null,
      );
      expect(changed).toBe(1);
      expect(await store.annotations.get(annotation.id)).toMatchObject({
        result: [{ choice: 'ham' }],
        blindResult: [{ choice: 'junk' }],
      });
    }));

  it('keeps predictions word for word', () =>
    inWorld(open, async ({ store, project, tasks, clock }) => {
      const [a, b] = await tasks(2);
      const labeler = await store.labelers.ensure('model', 'head', 'abc');
      const shown = (taskId: number, score: number | null) => ({
        projectId: project.id,
        taskId,
        labelerId: labeler.id,
        runId: null,
        result: [{ value: { choices: ['ham'] }, score: 0.25 }],
        score,
      });
      const added = await store.predictions.add([shown(a!.id, 0.1 + 0.2), shown(b!.id, null), shown(a!.id, 1)]);
      expect(added[0]).toEqual({
        ...shown(a!.id, 0.30000000000000004),
        id: added[0]!.id,
        createdAt: new Date(clock.now()).toISOString(),
      });
      expect(await store.predictions.get(added[1]!.id)).toEqual(added[1]);
      expect(await store.predictions.ofTasks([b!.id, a!.id])).toEqual(added);
      await expect(store.predictions.add([shown(a!.id, 1), shown(999, 1)])).rejects.toMatchObject(code('NOT_FOUND'));
      expect(await store.predictions.ofTasks([a!.id])).toHaveLength(2);
    }));

  it('changes and forgets a prediction; the answer that began with it stays', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const [task] = await world.tasks(1);
      const { id: labelerId } = await store.labelers.ensure('model', 'theirs', '');
      const row = { projectId: project.id, taskId: task!.id, labelerId, runId: null, result: [], score: 0.5 };
      const [{ id } = { id: 0 }] = await store.predictions.add([row]);
      expect(await store.predictions.update(id, { result: [{ id: 'x' }], score: null })).toMatchObject({ score: null });
      expect(await store.predictions.get(id)).toMatchObject({ result: [{ id: 'x' }], score: null });
      const anna = await world.annotator('anna');
      const { annotation } = await store.annotations.submit(world.answer(task!.id, anna, { parentPrediction: id }));
      expect(annotation.parentPrediction).toBe(id);
      await store.predictions.delete(id);
      expect(await store.predictions.get(id)).toBeUndefined();
      expect(await store.predictions.count(project.id)).toBe(0);
      expect(await store.annotations.get(annotation.id)).toMatchObject({ parentPrediction: null });
      // Also for an answer that was on its way when the prediction went.
      const late = await store.annotations.submit(world.answer(task!.id, anna, { parentPrediction: id }));
      expect(late.annotation.parentPrediction).toBeNull();
      expect(await store.annotations.get(late.annotation.id)).toMatchObject({ parentPrediction: null });
      await expect(store.predictions.delete(id)).rejects.toMatchObject(code('NOT_FOUND'));
      await expect(store.predictions.update(id, { result: [], score: 1 })).rejects.toMatchObject(code('NOT_FOUND'));
    }));

  it('counts predictions by labeler, and deletes what no run wrote', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const [a, b] = await world.tasks(2);
      const theirs = (await store.labelers.ensure('model', 'theirs', '')).id;
      const ours = (await store.labelers.ensure('rule', 'ours', '1')).id;
      const [standing, undone] = [await world.run('rules'), await world.run('rules')];
      const row = (taskId: number, labelerId: number, runId: number | null) => ({
        ...{ projectId: project.id, taskId, labelerId, runId, result: [], score: null },
      });
      const [first] = await store.predictions.add([
        ...[row(a!.id, theirs, null), row(b!.id, theirs, null), row(b!.id, theirs, standing.id)],
        ...[row(a!.id, ours, standing.id), row(a!.id, ours, undone.id)],
      ]);
      await store.runs.finish(undone.id, 'done', 1);
      await store.runs.revoke(undone.id);
      const latest = first!.createdAt;
      expect(await store.predictions.countsByLabeler(project.id)).toEqual([
        { labelerId: theirs, count: 3, withoutRun: 2, latest },
        { labelerId: ours, count: 1, withoutRun: 0, latest },
      ]);
      expect(await store.predictions.count(project.id)).toBe(4);
      const anna = await world.annotator('anna');
      const { annotation } = await store.annotations.submit(world.answer(a!.id, anna, { parentPrediction: first!.id }));
      expect(await store.predictions.deleteOfLabeler(project.id, theirs)).toBe(2);
      expect(await store.annotations.get(annotation.id)).toMatchObject({ parentPrediction: null });
      expect(await store.predictions.countsByLabeler(project.id)).toMatchObject([
        { labelerId: theirs, count: 1, withoutRun: 0 },
        { labelerId: ours, count: 1 },
      ]);
      expect(await store.predictions.count(project.id)).toBe(2);
      await store.tasks.delete(project.id, [b!.id]);
      expect(await store.predictions.count(project.id)).toBe(1);
      expect(await store.predictions.count(999)).toBe(0);
      expect(await store.predictions.countsByLabeler(999)).toEqual([]);
    }));
}
