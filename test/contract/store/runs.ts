import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty } from '../world.ts';

export function runContract(open: OpenEmpty): void {
  it('keeps the record of a bulk act', () =>
    inWorld(open, async ({ store, project, importRun, clock }) => {
      const labeler = await store.labelers.ensure('model', 'head', 'abc');
      const run = await store.runs.start({
        projectId: project.id,
        kind: 'prelabel',
        labelerId: labeler.id,
        summary: 'Pre-label everything.',
        params: { version: 'abc' },
      });
      expect(run).toMatchObject({ state: 'running', written: 0, finishedAt: null, revokedAt: null });
      clock.advance(1_000);
      const done = await store.runs.finish(run.id, 'done', 42);
      expect(done).toEqual({ ...run, state: 'done', written: 42, finishedAt: new Date(clock.now()).toISOString() });
      expect(await store.runs.finish(run.id, 'done', 42)).toEqual(done);
      await expect(store.runs.finish(run.id, 'failed', 0)).rejects.toMatchObject(code('CONFLICT'));
      expect(await store.runs.list(project.id)).toEqual([importRun, done]);
      await expect(store.runs.finish(999, 'done', 0)).rejects.toMatchObject(code('NOT_FOUND'));
    }));

  it('hides what a revoked run wrote from every reading, and brings it back', () =>
    inWorld(open, async ({ store, project, tasks, run, annotator, answer }) => {
      const all = await tasks(4);
      const ann = await annotator('ann');
      const [label] = await store.labels.sync(project.id, 'class', ['spam']);
      const model = await store.labelers.ensure('model', 'head', '1');
      const bulk = await run('promote');
      const annotations = await store.annotations.insert(all.map((task) => answer(task.id, ann, { runId: bulk.id })));
      await store.votes.write(bulk.id, [{ taskId: all[0]!.id, labelId: label!.id, score: 1 }]);
      const [prediction] = await store.predictions.add([
        { projectId: project.id, taskId: all[0]!.id, labelerId: model.id, runId: bulk.id, result: [], score: null },
      ]);
      const seen = async () => ({
        counts: await store.projects.counts(project.id),
        annotation: await store.annotations.get(annotations[0]!.id),
        ofTask: await store.annotations.ofTask(all[0]!.id),
        list: await store.annotations.list(project.id, { after: 0, limit: 10 }),
        recent: await store.annotations.recent(project.id, ann, 10),
        prediction: await store.predictions.get(prediction!.id),
        predictions: await store.predictions.ofTasks(ids(all)),
        votes: await store.votes.ofTasks(ids(all)),
        ofRun: await store.votes.ofRun(bulk.id, { after: 0, limit: 10 }),
      });
      const before = await seen();
      expect(before.counts.labeledTasks).toBe(4);

      expect((await store.runs.revoke(bulk.id)).revokedAt).not.toBeNull();
      await store.runs.revoke(bulk.id);
      expect(await seen()).toEqual({
        counts: { tasks: 4, labeledTasks: 0, finishedTasks: 0, annotations: 0, skipped: 0, groundTruth: 0 },
        annotation: undefined,
        ofTask: [],
        list: [],
        recent: [],
        prediction: undefined,
        predictions: [],
        votes: [],
        ofRun: [],
      });
      expect(ids(await store.runs.list(project.id))).toContain(bulk.id);

      expect((await store.runs.restore(bulk.id)).revokedAt).toBeNull();
      expect(await seen()).toEqual(before);
    }));

  it('undoes an import: its tasks are gone, with whatever others wrote on them', () =>
    inWorld(open, async ({ store, project, tasks, importRun, annotator, answer }) => {
      const all = await tasks(3);
      const ann = await annotator('ann');
      await store.annotations.submit(answer(all[1]!.id, ann));
      const before = await store.projects.counts(project.id);
      await store.runs.finish(importRun.id, 'done', 3);

      await store.runs.revoke(importRun.id);
      expect(await store.projects.counts(project.id)).toMatchObject({ tasks: 0, labeledTasks: 0, annotations: 0 });
      expect(await store.tasks.list(project.id, { after: 0, limit: 10 })).toEqual([]);
      expect(await store.tasks.get(all[0]!.id)).toBeUndefined();
      expect(await store.tasks.byOrdinals(project.id, [0, 1, 2])).toEqual([]);
      expect((await store.tasks.ordinals(project.id, 0, 10)).ids).toHaveLength(0);
      expect(await store.annotations.list(project.id, { after: 0, limit: 10 })).toEqual([]);
      await expect(store.annotations.submit(answer(all[0]!.id, ann))).rejects.toMatchObject(code('NOT_FOUND'));

      await store.runs.restore(importRun.id);
      expect(await store.projects.counts(project.id)).toEqual(before);
      expect(await store.tasks.list(project.id, { after: 0, limit: 10 })).toEqual(all);
    }));
}
