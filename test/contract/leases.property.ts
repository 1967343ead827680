/** Leases under random play: no task is ever with more people than the overlap allows. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ids, inWorld, type OpenEmpty } from './world.ts';

const LEASE_MS = 1_000;

export function leaseProperties(open: OpenEmpty): void {
  it('never gives a task to more annotators than the overlap leaves open', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.record({ person: fc.nat(4), act: fc.constantFrom(...ACTS), pick: fc.nat(9) }), { maxLength: 60 }),
        (overlap, steps) =>
          inWorld(
            open,
            async ({ store, project, tasks, annotator, answer, clock }) => {
              const all = ids(await tasks(4));
              const people = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(annotator));
              for (const { person, act, pick } of steps) {
                const annotatorId = people[person]!;
                const [held] = await store.leases.ofAnnotator(project.id, annotatorId);
                if (act === 'sleep') clock.advance(LEASE_MS * 0.6);
                else if (act === 'ask') {
                  const candidates = [...all.slice(pick % 4), ...all.slice(0, pick % 4)];
                  const expiresAt = clock.now() + LEASE_MS;
                  await store.leases.acquire({ projectId: project.id, annotatorId, candidates, overlap, expiresAt });
                } else if (act === 'extend') {
                  await store.leases.extend(all[pick % 4]!, annotatorId, clock.now() + LEASE_MS);
                } else if (held && act === 'answer') {
                  await store.annotations.submit(answer(held.taskId, annotatorId, { skipped: pick === 0 }));
                } else if (held && act === 'release') await store.leases.release(held.taskId, annotatorId);

                const leases = (await Promise.all(people.map((id) => store.leases.ofAnnotator(project.id, id)))).flat();
                const taken = await store.leases.taken(project.id);
                for (const id of all) {
                  const answers = (await store.annotations.ofTask(id)).filter((one) => !one.skipped).length;
                  const places = answers + leases.filter((lease) => lease.taskId === id).length;
                  expect(places).toBeLessThanOrEqual(overlap);
                  expect(taken.has(id)).toBe(places === overlap);
                }
              }
            },
            overlap,
          ),
      ),
      { numRuns: 40 },
    ));
}

const ACTS = ['ask', 'ask', 'ask', 'answer', 'answer', 'extend', 'release', 'sleep'] as const;
