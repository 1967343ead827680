/** Leases under random play: no task is ever with more people than the overlap allows. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ids, makeWorld, type OpenEmpty, type World, withStore } from './world.ts';

const LEASE_MS = 1_000;
const ACTS = ['ask', 'ask', 'ask', 'answer', 'answer', 'extend', 'release', 'sleep'] as const;

interface Step {
  readonly person: number;
  readonly act: (typeof ACTS)[number];
  readonly pick: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ person: fc.nat(4), act: fc.constantFrom(...ACTS), pick: fc.nat(9) }),
  { maxLength: 50 },
);

export function leaseProperties(open: OpenEmpty): void {
  it('never gives a task to more annotators than the overlap leaves open', () =>
    withStore(open, (store, clock) =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (overlap, play) => {
          const world = await makeWorld(store, clock, overlap);
          const tasks = ids(await world.tasks(4));
          const people = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(world.annotator));
          for (const step of play) {
            await act(world, tasks, people[step.person]!, step, overlap);
            await expectRoom(world, tasks, people, overlap);
          }
        }),
        { numRuns: 30 },
      ),
    ));
}

async function act(
  { store, project, clock, answer }: World,
  tasks: readonly number[],
  annotatorId: number,
  { act, pick }: Step,
  overlap: number,
): Promise<void> {
  const [held] = await store.leases.ofAnnotator(project.id, annotatorId);
  const expiresAt = clock.now() + LEASE_MS;
  if (act === 'sleep') clock.advance(LEASE_MS * 0.6);
  else if (act === 'ask') {
    const candidates = [...tasks.slice(pick % 4), ...tasks.slice(0, pick % 4)];
    await store.leases.acquire({ projectId: project.id, annotatorId, candidates, overlap, expiresAt });
  } else if (act === 'extend') await store.leases.extend(tasks[pick % 4]!, annotatorId, expiresAt);
  else if (held && act === 'answer') {
    await store.annotations.submit(answer(held.taskId, annotatorId, { skipped: pick === 0 }));
  } else if (held && act === 'release') await store.leases.release(held.taskId, annotatorId);
}

async function expectRoom(
  { store, project }: World,
  tasks: readonly number[],
  people: readonly number[],
  overlap: number,
): Promise<void> {
  const leases = (await Promise.all(people.map((id) => store.leases.ofAnnotator(project.id, id)))).flat();
  expect(new Set(await store.leases.ofProject(project.id))).toEqual(new Set(leases));
  for (const id of tasks) {
    const answers = (await store.annotations.ofTask(id)).filter((one) => !one.skipped).length;
    const places = answers + leases.filter((lease) => lease.taskId === id).length;
    expect(places).toBeLessThanOrEqual(overlap);
  }
}
