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

  it('returns a task when its lease runs out, and tells late what was shown', () =>
    inWorld(open, async (world) => {
      const { store, project, clock } = world;
      const [a] = ids(await world.tasks(1)) as [number];
      const [ann, bob] = await people(world);
      await acquire(world, ann, [a]);
      await store.leases.attach(a, ann, { predictionId: 5, blind: true });
      expect(await store.leases.ofAnnotator(project.id, ann)).toEqual([
        { taskId: a, annotatorId: ann, expiresAt: clock.now() + HOUR, predictionId: 5, blind: true },
      ]);
      clock.advance(HOUR);
      expect(await store.leases.ofAnnotator(project.id, ann)).toEqual([]);
      expect(await acquire(world, bob, [a])).toBe(a);
      expect(await store.leases.get(a, ann)).toMatchObject({ predictionId: 5, blind: true });
    }));

  it('keeps what was shown while a lease runs, and forgets it with an expired one', () =>
    inWorld(open, async (world) => {
      const { store, clock } = world;
      const [a] = ids(await world.tasks(1)) as [number];
      const [ann] = await people(world);
      await acquire(world, ann, [a]);
      await store.leases.attach(a, ann, { predictionId: 5, blind: true });
      clock.advance(1_000);
      expect(await acquire(world, ann, [a])).toBe(a);
      expect(await store.leases.get(a, ann)).toMatchObject({ predictionId: 5, expiresAt: clock.now() + HOUR });
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

  it('knows which tasks nobody else may get', () =>
    inWorld(
      open,
      async (world) => {
        const { store, project, answer, clock } = world;
        const [a, b, c, d] = ids(await world.tasks(5)) as [number, number, number, number];
        const [ann, bob] = await people(world);
        await store.annotations.submit(answer(a, ann));
        await store.annotations.submit(answer(a, bob));
        await store.annotations.submit(answer(b, ann));
        await acquire(world, bob, [b], 2);
        await acquire(world, ann, [c], 2);
        await acquire(world, bob, [c], 2);
        await acquire(world, bob, [d], 2);
        expect(await store.leases.taken(project.id)).toEqual(new Set([a, b, c]));
        clock.advance(2 * HOUR);
        expect(await store.leases.taken(project.id)).toEqual(new Set([a]));
      },
      2,
    ));

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

async function people({ annotator }: World): Promise<[number, number, number]> {
  return [await annotator('ann'), await annotator('bob'), await annotator('cyd')];
}

function acquire(
  { store, project, clock }: World,
  annotatorId: number,
  candidates: readonly number[],
  overlap = 1,
): Promise<number | undefined> {
  const expiresAt = clock.now() + HOUR;
  return store.leases.acquire({ projectId: project.id, annotatorId, candidates, overlap, expiresAt });
}
