import { expect, it } from 'vitest';
import { answerHash } from '../../../src/core/connection.ts';
import { type HandClock, inWorld, type OpenEmpty, type World } from '../world.ts';

const SETTINGS = { deadlineMs: 1_000, scores: 'confidence', follow: false, orderField: null } as const;

export function studioContract(open: OpenEmpty): void {
  it('keeps connections, finds them by the hash of their secret, and forgets them', () =>
    inWorld(open, async (world) => {
      const { studio } = world.store;
      const one = await connect(world, 'a');
      expect(await studio.find('a')).toEqual(one);
      expect(await studio.find('b')).toBeUndefined();
      expect(await studio.list(world.project.id)).toEqual([one]);
      expect(await studio.list(world.project.id + 1)).toEqual([]);
      const changed = await studio.update(one.id, { url: 'http://ls', settings: { ...SETTINGS, follow: true } });
      expect(await studio.get(one.id)).toEqual(changed);
      await studio.remove(one.id);
      expect(await studio.get(one.id)).toBeUndefined();
      await expect(studio.remove(one.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }));

  it('adds a task once, however often it is asked to', () =>
    inWorld(open, async (world) => {
      const { store, project, importRun } = world;
      const { id } = await connect(world, 'a');
      const tasks = [7, 8, 7].map((studioId) => ({ studioId, dataHash: 'h', task: { data: { text: 'x' }, meta: {} } }));
      const added = await store.studio.insertTasks(id, importRun.id, tasks);
      expect(added.map((one) => one.studioId)).toEqual([7, 8]);
      expect(await store.studio.insertTasks(id, importRun.id, tasks)).toEqual([]);
      expect((await store.projects.counts(project.id)).tasks).toBe(2);
      expect(await store.studio.ofTasks(id, [added[0]!.task.id])).toMatchObject([{ studioId: 7 }]);
    }));

  it('follows changed data with a new row, and knows what was sent', () =>
    inWorld(open, async (world) => {
      const { store } = world;
      const { id, task } = await connectedTask(world);
      await store.studio.mark(id, [7], { pushed: 'v1', owed: true });
      expect(await store.studio.page(id, 0, 10, { owed: true })).toMatchObject([
        { studioId: 7, pushed: 'v1', owed: true },
      ]);
      expect(await store.studio.versions(id)).toEqual(['v1']);
      const changed = await store.studio.changeTask(id, 7, { dataHash: 'new', data: { text: 'y' } });
      expect(changed.ordinal).toBeGreaterThan(task.ordinal);
      expect(await store.studio.tasks(id, [7, 8])).toMatchObject([{ dataHash: 'new', pushed: '' }]);
      await store.studio.mark(id, [7], { owed: false });
      expect(await store.studio.page(id, 0, 10, { owed: true })).toEqual([]);
    }));

  it('does not bring deleted tasks back', () =>
    inWorld(open, async (world) => {
      const { store, project, importRun } = world;
      const { id, task } = await connectedTask(world);
      expect(await store.studio.dropTasks(id, [7, 9])).toEqual([task.id]);
      await store.tasks.delete(project.id, [task.id]);
      const late = [7, 9].map((studioId) => ({ studioId, dataHash: 'h', task: { data: {}, meta: {} } }));
      expect(await store.studio.insertTasks(id, importRun.id, late)).toEqual([]);
      expect(await store.studio.page(id, 0, 10)).toEqual([]);
    }));

  it('a task that was deleted here stays deleted', () =>
    inWorld(open, async (world) => {
      const { id, task } = await connectedTask(world);
      await world.store.tasks.delete(world.project.id, [task.id]);
      expect(await world.store.studio.tasks(id, [7])).toMatchObject([{ studioId: 7, taskId: null }]);
    }));

  it('takes annotations in any order: the newest word stands, and gone is gone', () =>
    inWorld(open, async (world) => {
      const { studio, annotations, projects } = world.store;
      const { id, task } = await connectedTask(world);
      const anna = await world.annotator('anna');
      const save = (studioId: number, changedAt: string, skipped = false) =>
        studio.saveAnnotation(id, {
          ...{ studioId, studioTask: 7, key: null, changedAt },
          annotation: world.answer(task.id, anna, { skipped, submissionId: `s${studioId}` }),
        });
      expect(await save(1, '2026-01-02')).toMatchObject({ annotation: { skipped: false }, kept: null });
      expect(await save(1, '2026-01-02')).toBeUndefined();
      expect(await save(1, '2026-01-01', true)).toBeUndefined();
      expect(await save(1, '2026-01-03', true)).toMatchObject({ annotation: { skipped: true } });
      expect(await annotations.ofTask(task.id)).toHaveLength(1);
      expect(await studio.annotationsOf(id, task.id)).toEqual([1]);
      expect(await studio.dropAnnotations(id, [1, 2])).toEqual({ tasks: [task.id], kept: [] });
      expect(await save(1, '2026-01-04')).toBeUndefined();
      expect(await save(2, '2026-01-01')).toBeUndefined();
      expect((await projects.counts(world.project.id)).skipped).toBe(0);
    }));

  it('knows an answer of ours again when it comes back, whether or not its key is told', () =>
    inWorld(open, async (world) => {
      const { studio, annotations } = world.store;
      const { id, task } = await connectedTask(world);
      const bea = await world.annotator('bea');
      const stands = async () => (await annotations.ofTask(task.id)).map((one) => one.id);
      const own = [];
      for (const skipped of [false, true]) {
        own.push((await annotations.submit(world.answer(task.id, bea, { skipped }))).annotation);
      }
      for (const [i, one] of own.entries()) {
        const sending = { annotationId: one.id, studioTask: 7, key: `k${i}`, agreed: answerHash(one) };
        expect(await studio.sending(id, sending)).toBeUndefined();
        expect(await studio.sending(id, { ...sending, key: 'another' })).toEqual(sending);
        const annotation = world.answer(task.id, bea, { skipped: one.skipped, submissionId: `s${i}` });
        const back = { studioId: 90 + i, studioTask: 7, changedAt: '2026-01-02', annotation };
        expect(await studio.saveAnnotation(id, { ...back, key: i === 0 ? 'k0' : null })).toBeUndefined();
      }
      expect(await stands()).toEqual(own.map((one) => one.id));
      expect(await studio.shared(id, await stands())).toMatchObject([{ studioId: 90 }, { studioId: 91 }]);
    }));

  it('keeps both answers when both sides have changed one, and what was changed here when it is deleted there', () =>
    inWorld(open, async (world) => {
      const { studio, annotations } = world.store;
      const { id, task } = await connectedTask(world);
      const anna = await world.annotator('anna');
      const save = (changedAt: string, groundTruth: boolean, skipped = false) =>
        studio.saveAnnotation(id, {
          ...{ studioId: 1, studioTask: 7, key: null, changedAt },
          annotation: world.answer(task.id, anna, { groundTruth, skipped, submissionId: 's1' }),
        });
      const first = (await save('2026-01-01', false))!.annotation;
      await annotations.update(first.id, { note: 'mine', skipped: true });
      // Touched over there, but it says what it said: ours is still the news.
      expect(await save('2026-01-02', false)).toBeUndefined();
      const both = (await save('2026-01-03', true))!;
      expect(both).toMatchObject({ annotation: { groundTruth: true }, kept: first.id });
      expect(await annotations.get(first.id)).toMatchObject({ skipped: true, submissionId: '' });
      expect(await studio.annotationsOf(id, task.id)).toEqual([1]);
      await annotations.update(both.annotation.id, { groundTruth: false });
      expect(await studio.dropAnnotations(id, [1])).toEqual({ tasks: [], kept: [both.annotation.id] });
      expect(await save('2026-01-09', true)).toBeUndefined();
      expect(await annotations.ofTask(task.id)).toHaveLength(2);
    }));

  it('tells what was deleted here and not there, unless it went with its task', () =>
    inWorld(open, async (world) => {
      const { studio, annotations, tasks } = world.store;
      const { id, task } = await connectedTask(world);
      const anna = await world.annotator('anna');
      for (const [i, studioId] of [90, 91, 92].entries()) {
        const { annotation: one } = await annotations.submit(world.answer(task.id, anna, { submissionId: `s${i}` }));
        const shared = { studioId, studioTask: 7, annotationId: one.id, changedAt: '2026-01-01', agreed: 'h' };
        await studio.agree(id, shared);
        if (i < 2) await annotations.delete(one.id);
      }
      expect(await studio.deletedHere(id, 0, 10)).toMatchObject([{ studioId: 90 }, { studioId: 91 }]);
      const told = { studioId: 90, studioTask: 7, annotationId: null, changedAt: '2026-01-01', agreed: '' };
      await studio.agree(id, told);
      expect(await studio.deletedHere(id, 0, 10)).toMatchObject([{ studioId: 91 }]);
      await tasks.delete(world.project.id, [task.id]);
      expect(await studio.deletedHere(id, 0, 10)).toEqual([]);
    }));

  it('keeps events until they have taken effect, the same one once', () =>
    inWorld(open, async (world) => {
      const { studio } = world.store;
      const { id } = await connect(world, 'a');
      expect(await studio.newestEvent()).toBe(0);
      for (const digest of ['x', 'y', 'x']) await studio.receive(id, digest, `{"${digest}":1}`);
      const [first, second] = await studio.inbox(id, { after: 0, limit: 10 }, 2);
      expect([first?.body, second?.body]).toEqual(['{"x":1}', '{"y":1}']);
      expect(await studio.inbox((await connect(world, 'b')).id, { after: 0, limit: 10 }, 2)).toEqual([]);
      expect(await studio.newestEvent()).toBe(second!.id);
      await studio.settle(first!.id);
      await studio.failed(second!.id, 'no');
      await studio.failed(second!.id, 'never');
      expect(await studio.inbox(id, { after: 0, limit: 10 }, 2)).toEqual([]);
      expect(await studio.waiting(id)).toMatchObject([{ attempts: 2, error: 'never' }]);
      await studio.receive(id, 'y', '{"y":1}');
      expect(await studio.inbox(id, { after: 0, limit: 10 }, 2)).toMatchObject([{ attempts: 0, error: null }]);
    }));

  it('knows one trainer of a project', () =>
    inWorld(open, async ({ store, project }) => {
      const trainer = {
        projectId: project.id,
        url: 'http://t',
        secret: 's',
        every: 5,
        counts: 'verified',
        calledAt: 0,
      } as const;
      await store.studio.setTrainer(trainer);
      await store.studio.setTrainer({ ...trainer, calledAt: 5 });
      expect(await store.studio.trainer(project.id)).toEqual({ ...trainer, calledAt: 5 });
      await store.studio.removeTrainer(project.id);
      expect(await store.studio.trainer(project.id)).toBeUndefined();
    }));

  it('gives each call of a trainer to one caller, and none once it was changed or removed', () =>
    inWorld(open, async ({ store, project }) => {
      const set = { url: 'http://t', secret: 's', every: 5, counts: 'verified', calledAt: 0 } as const;
      const first = { projectId: project.id, ...set };
      const call = { kind: 'call-trainer', projectId: project.id, params: {} };
      await store.studio.setTrainer(first);
      const claims = await Promise.all([
        store.studio.claimCall(first, 5, call),
        store.studio.claimCall(first, 6, call),
      ]);
      expect(claims).toEqual([true, false]);
      expect(await store.jobs.list({ limit: 10 })).toHaveLength(1);
      const known = { ...first, calledAt: 5 };
      expect(await store.studio.trainer(project.id)).toEqual(known);

      const other = { ...first, url: 'http://other', secret: 'o', calledAt: 5 };
      await store.studio.setTrainer(other);
      expect(await store.studio.claimCall(known, 10, call)).toBe(false);
      expect(await store.studio.trainer(project.id)).toEqual(other);

      await store.studio.removeTrainer(project.id);
      expect(await store.studio.claimCall(other, 10, call)).toBe(false);
      expect(await store.studio.trainer(project.id)).toBeUndefined();
    }));

  it('counts a call of a trainer only together with its job', () =>
    inWorld(open, async ({ store, project }) => {
      const set = { url: 'http://t', secret: 's', every: 5, counts: 'verified', calledAt: 0 } as const;
      const trainer = { projectId: project.id, ...set };
      await store.studio.setTrainer(trainer);
      const call = { kind: 'call-trainer', projectId: project.id + 1, params: {} };
      await expect(store.studio.claimCall(trainer, 5, call)).rejects.toThrow();
      expect(await store.studio.trainer(project.id)).toEqual(trainer);
      await store.studio.recount(trainer, 3);
      expect(await store.studio.trainer(project.id)).toEqual({ ...trainer, calledAt: 3 });
    }));

  it('goes with its project', () =>
    inWorld(open, async (world) => {
      const { id } = await connectedTask(world);
      await world.store.studio.receive(id, 'x', '{}');
      await world.store.projects.delete(world.project.id);
      expect(await world.store.studio.list()).toEqual([]);
      expect(await world.store.studio.inbox(id, { after: 0, limit: 10 }, 2)).toEqual([]);
    }));
}

function connect({ store, project }: World, secretHash: string) {
  return store.studio.add({
    projectId: project.id,
    secretHash,
    url: null,
    studioProject: null,
    token: null,
    offeredUrl: null,
    offeredToken: null,
    settings: SETTINGS,
    runId: null,
  });
}

async function connectedTask(world: World & { readonly clock: HandClock }) {
  const { id } = await connect(world, 'a');
  const [added] = await world.store.studio.insertTasks(id, world.importRun.id, [
    { studioId: 7, dataHash: 'h', task: { data: { text: 'x' }, meta: {} } },
  ]);
  return { id, task: added!.task };
}
