import { expect, it } from 'vitest';
import { ids, inWorld, type OpenEmpty, type World } from '../world.ts';

const HOUR = 3_600_000;

export function leaseContract(open: OpenEmpty): void {
  it('gives the first free candidate in queue order and never one twice', () =>
    inWorld(open, async (world) => {
      const [a, b, c] = ids(await world.tasks(3)) as [number, number, number];
      const [ann, bob, cyd] = await people(world);
      const queue = [c, 999, a, b];
      expect(await acquire(world, ann, queue)).toBe(c);
      expect(await acquire(world, bob, queue)).toBe(a);
      expect(await acquire(world, cyd, queue)).toBe(b);
      expect(await acquire(world, await world.annotator('dan'), queue)).toBeUndefined();
      expect(await acquire(world, ann, [])).toBeUndefined();
    }));

  it('decides between annotators who ask in the same moment', () =>
    inWorld(open, async (world) => {
      const queue = ids(await world.tasks(50));
      const asking = await Promise.all(queue.map((_, i) => world.annotator(`a${i}`)));
      const got = await Promise.all(asking.map((annotatorId) => acquire(world, annotatorId, queue)));
      expect([...got].sort((x, y) => x! - y!)).toEqual(queue);
    }));

  it('finds a free task behind a thousand that are taken', () =>
    inWorld(open, async (world) => {
      const queue = ids(await world.tasks(1_200));
      const [ann, bob] = await people(world);
      await world.store.annotations.insert(queue.slice(0, 1_150).map((id) => world.answer(id, ann)));
      expect(await acquire(world, bob, queue)).toBe(queue[1_150]);
    }));

  it('skips what the annotator has answered or skipped, and what is finished', () =>
    inWorld(
      open,
      async (world) => {
        const { store, answer } = world;
        const [a, b, c] = ids(await world.tasks(3)) as [number, number, number];
        const [ann, bob, cyd] = await people(world);
        await store.annotations.submit(answer(a, ann));
        await store.annotations.submit(answer(b, ann, { skipped: true }));
        expect(await acquire(world, ann, [a, b, c])).toBe(c);
        await store.annotations.submit(answer(a, bob));
        expect(await acquire(world, cyd, [a, b, c])).toBe(b);
      },
      2,
    ));

  it('ends with the data that it was given for', () =>
    inWorld(open, async (world) => {
      const { store, project } = world;
      const [a] = ids(await world.tasks(1)) as [number];
      const [ann] = await people(world);
      await acquire(world, ann, [a]);
      await store.tasks.edit(a, { meta: { seen: true } });
      expect(await store.leases.ofAnnotator(project.id, ann)).toHaveLength(1);
      await store.tasks.edit(a, { data: { text: 'something else' } });
      expect(await store.leases.ofAnnotator(project.id, ann)).toEqual([]);
      // Not even by whoever has seen it before the edit.
      expect(await store.leases.extend(a, ann, world.clock.now() + HOUR)).toBe(false);
      expect(await acquire(world, ann, [a])).toBe(a);
    }));

  it('hands a task to as many as the overlap leaves open', () =>
    inWorld(
      open,
      async (world) => {
        const [a] = ids(await world.tasks(1)) as [number];
        const [ann, bob, cyd] = await people(world);
        expect(await acquire(world, ann, [a], 2)).toBe(a);
        expect(await acquire(world, bob, [a], 2)).toBe(a);
        expect(await acquire(world, cyd, [a], 2)).toBeUndefined();
        await world.store.annotations.submit(world.answer(a, ann));
        expect(await acquire(world, cyd, [a], 2)).toBeUndefined();
        await world.store.leases.release(a, bob);
        expect(await acquire(world, cyd, [a], 2)).toBe(a);
      },
      2,
    ));

  it('keeps what is shown in the same step, and tells it late', () =>
    inWorld(open, async (world) => {
      const { store, project, clock } = world;
      const [a, b] = ids(await world.tasks(2)) as [number, number];
      const [ann, bob] = await people(world);
      const expiresAt = clock.now() + HOUR;
      const asked = { projectId: project.id, candidates: [a, b], overlap: 1, expiresAt };
      const show = { taskId: a, prediction: await suggestion(world, a), blind: true };
      const handed = await store.leases.acquire({ ...asked, annotatorId: ann, show });
      expect(handed).toEqual({ taskId: a, blind: true, prediction: await store.predictions.get(1) });
      expect(handed!.prediction).toMatchObject(show.prediction);
      expect(await store.leases.ofAnnotator(project.id, ann)).toEqual([
        { taskId: a, annotatorId: ann, expiresAt, predictionId: 1, blind: true },
      ]);
      // Foreseen wrongly: nothing is shown with the other task, and nothing is stored.
      expect(await store.leases.acquire({ ...asked, annotatorId: bob, show })).toEqual({
        taskId: b,
        blind: false,
        prediction: null,
      });
      expect(await store.predictions.get(2)).toBeUndefined();
      clock.advance(HOUR);
      expect(await store.leases.ofProject(project.id)).toEqual([]);
      expect(await acquire(world, bob, [a])).toBe(a);
      expect(await store.leases.get(a, ann)).toMatchObject({ predictionId: 1, blind: true });
    }));

  it('keeps what was shown while a lease runs, and forgets it with an expired one', () =>
    inWorld(open, async (world) => {
      const { store, clock } = world;
      const [a] = ids(await world.tasks(1)) as [number];
      const [ann] = await people(world);
      await acquire(world, ann, [a]);
      const prediction = await store.leases.show(a, ann, { prediction: await suggestion(world, a), blind: true });
      expect(await store.leases.show(a, ann, { prediction, blind: true })).toEqual(prediction);
      clock.advance(1_000);
      expect(await acquire(world, ann, [a])).toBe(a);
      const kept = { predictionId: prediction!.id, blind: true, expiresAt: clock.now() + HOUR };
      expect(await store.leases.get(a, ann)).toMatchObject(kept);
      clock.advance(2 * HOUR);
      expect(await acquire(world, ann, [a])).toBe(a);
      expect(await store.leases.get(a, ann)).toMatchObject({ predictionId: null, blind: false });
    }));

  it('extends a lease unless somebody else has taken the place', () =>
    inWorld(open, async (world) => {
      const { store, clock } = world;
      const [a, b] = ids(await world.tasks(2)) as [number, number];
      const [ann, bob] = await people(world);
      const later = (): number => clock.now() + HOUR;
      await acquire(world, ann, [a]);
      clock.advance(HOUR - 1);
      expect(await store.leases.extend(a, ann, later())).toBe(true);
      clock.advance(2 * HOUR);
      expect(await store.leases.extend(a, ann, later())).toBe(true);
      clock.advance(2 * HOUR);
      await acquire(world, bob, [a]);
      expect(await store.leases.extend(a, ann, later())).toBe(false);
      expect(await store.leases.extend(b, ann, later())).toBe(false);
    }));

  it('postpones for one annotator, the longest first', () =>
    inWorld(open, async (world) => {
      const { store, project, clock } = world;
      const [a, b] = ids(await world.tasks(2)) as [number, number];
      const [ann, bob] = await people(world);
      await acquire(world, ann, [b]);
      await store.leases.postpone(b, ann);
      clock.advance(1);
      await store.leases.postpone(a, ann);
      expect(await store.leases.postponed(project.id, ann)).toEqual([b, a]);
      expect(await store.leases.postponed(project.id, bob)).toEqual([]);
      expect(await acquire(world, bob, [b])).toBe(b);
    }));
}

async function suggestion({ store, project }: World, taskId: number) {
  const { id: labelerId } = await store.labelers.ensure('model', 'head', '1');
  return { projectId: project.id, taskId, labelerId, runId: null, result: [], score: 0.5 };
}

async function people({ annotator }: World): Promise<[number, number, number]> {
  return [await annotator('ann'), await annotator('bob'), await annotator('cyd')];
}

async function acquire(
  { store, project, clock }: World,
  annotatorId: number,
  candidates: readonly number[],
  overlap = 1,
): Promise<number | undefined> {
  const expiresAt = clock.now() + HOUR;
  const asked = { projectId: project.id, annotatorId, candidates, overlap, expiresAt };
  return (await store.leases.acquire(asked))?.taskId;
}
