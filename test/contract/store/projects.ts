import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty, SETTINGS } from '../world.ts';

export function projectContract(open: OpenEmpty): void {
  it('gives back what was stored, changes what is changed and nothing else', () =>
    inWorld(open, async ({ store, project, clock }) => {
      expect(await store.projects.get(project.id)).toEqual(project);
      clock.advance(1_000);
      const changed = await store.projects.update(project.id, { title: 'Post', settings: { ...SETTINGS, overlap: 3 } });
      expect(changed).toEqual({
        ...project,
        title: 'Post',
        settings: { ...SETTINGS, overlap: 3 },
        updatedAt: new Date(clock.now()).toISOString(),
      });
      expect(await store.projects.get(project.id)).toEqual(changed);
      await expect(store.projects.update(99, { title: 'x' })).rejects.toMatchObject(code('NOT_FOUND'));
    }));

  it('lists all, the archived and the others', () =>
    inWorld(open, async ({ store, project }) => {
      const other = await store.projects.create({ ...project, title: 'other' });
      const archived = await store.projects.update(other.id, { archived: true });
      expect(archived.archivedAt).not.toBeNull();
      expect(ids(await store.projects.list())).toEqual([project.id, other.id]);
      expect(ids(await store.projects.list({ archived: true }))).toEqual([other.id]);
      expect(ids(await store.projects.list({ archived: false }))).toEqual([project.id]);
      expect((await store.projects.update(other.id, { archived: false })).archivedAt).toBeNull();
    }));

  it('counts tasks and answers, and finished ones by the overlap of the moment', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [a, b, c] = await tasks(3);
      const [ann, bob] = [await annotator('ann'), await annotator('bob')];
      await store.annotations.submit(answer(a!.id, ann));
      await store.annotations.submit(answer(a!.id, bob, { groundTruth: true }));
      await store.annotations.submit(answer(b!.id, ann));
      await store.annotations.submit(answer(c!.id, ann, { skipped: true }));
      const counts = { tasks: 3, labeledTasks: 2, finishedTasks: 2, annotations: 3, skipped: 1, groundTruth: 1 };
      expect(await store.projects.counts(project.id)).toEqual(counts);
      await store.projects.update(project.id, { settings: { ...SETTINGS, overlap: 2 } });
      expect(await store.projects.counts(project.id)).toEqual({ ...counts, finishedTasks: 1 });
    }));

  it('keeps the counts right when annotations and tasks change or go', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer }) => {
      const [a, b] = await tasks(2);
      const ann = await annotator('ann');
      const first = await store.annotations.submit(answer(a!.id, ann));
      const second = await store.annotations.submit(answer(b!.id, ann));
      await store.annotations.update(first.annotation.id, { skipped: true });
      expect(await store.projects.counts(project.id)).toMatchObject({ labeledTasks: 1, annotations: 1, skipped: 1 });
      await store.annotations.delete(first.annotation.id);
      expect(await store.projects.counts(project.id)).toMatchObject({ labeledTasks: 1, annotations: 1, skipped: 0 });
      await store.tasks.delete(project.id, [b!.id]);
      expect(await store.projects.counts(project.id)).toMatchObject({ tasks: 1, labeledTasks: 0, annotations: 0 });
      expect(await store.annotations.get(second.annotation.id)).toBeUndefined();
    }));

  it('deletes a project with everything in it and leaves the others alone', () =>
    inWorld(open, async ({ store, project, tasks, annotator, answer, run }) => {
      const fresh = await tasks(250);
      const ann = await annotator('ann');
      const { annotation } = await store.annotations.submit(answer(fresh[0]!.id, ann));
      const [label] = await store.labels.sync(project.id, 'class', ['spam']);
      const votes = await run('prelabel');
      await store.votes.write(votes.id, [{ taskId: fresh[0]!.id, labelId: label!.id, score: 1 }]);
      const job = await store.jobs.enqueue({ kind: 'embed', projectId: project.id, params: {} });
      await store.tokens.add({ hash: 'h', annotatorId: ann, role: 'annotator', projectId: project.id, label: '' });
      const other = await store.projects.create({ ...project, title: 'other' });

      await store.projects.delete(project.id);

      expect(ids(await store.projects.list())).toEqual([other.id]);
      expect(await store.tasks.get(fresh[0]!.id)).toBeUndefined();
      expect(await store.annotations.get(annotation.id)).toBeUndefined();
      expect(await store.votes.ofTasks([fresh[0]!.id])).toEqual([]);
      expect(await store.runs.list(project.id)).toEqual([]);
      expect(await store.labels.list(project.id)).toEqual([]);
      expect(await store.jobs.get(job.id)).toBeUndefined();
      expect(await store.tokens.find('h')).toBeUndefined();
      expect(await store.integrityProblems()).toEqual([]);
      await expect(store.projects.delete(project.id)).rejects.toMatchObject(code('NOT_FOUND'));
    }));
}
