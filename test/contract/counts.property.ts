/** The running totals under random play: always what a fresh count gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { code, ids, makeWorld, type OpenEmpty, SETTINGS, type World, withStore } from './world.ts';

const ACTS = [
  'submit',
  'submit',
  'submit',
  'bulk',
  'flip',
  'delete',
  'delete task',
  'undo',
  'redo',
  'overlap',
] as const;

interface Step {
  readonly act: (typeof ACTS)[number];
  readonly task: number;
  readonly person: number;
  readonly skipped: boolean;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ act: fc.constantFrom(...ACTS), task: fc.nat(4), person: fc.nat(2), skipped: fc.boolean() }),
  { minLength: 1, maxLength: 30 },
);

export function countProperties(open: OpenEmpty): void {
  it('keeps its running totals equal to a fresh count, whatever happens in whatever order', () =>
    withStore(open, (store, clock) =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 3 }), steps, async (overlap, play) => {
          const world = await makeWorld(store, clock, overlap);
          const tasks = ids(await world.tasks(5));
          const bulk = (await world.run('promote')).id;
          const people = [await world.annotator('ann'), await world.annotator('bob'), await world.annotator('cyd')];
          for (const step of play) {
            const acting = act(world, tasks[step.task]!, people[step.person]!, bulk, step);
            await acting.catch((error) => expect(error).toMatchObject(code('NOT_FOUND')));
          }
          await expectFreshCounts(world, tasks);
        }),
        { numRuns: 30 },
      ),
    ));
}

async function act(
  { store, project, answer }: World,
  taskId: number,
  annotatorId: number,
  bulk: number,
  { act, person, skipped }: Step,
): Promise<unknown> {
  const [own] = (await store.annotations.ofTask(taskId)).filter((one) => one.annotatorId === annotatorId);
  const given = answer(taskId, annotatorId, { skipped, groundTruth: person === 0 });
  if (act === 'submit') return store.annotations.submit(given);
  if (act === 'bulk') return store.annotations.insert([{ ...given, runId: bulk }]);
  if (act === 'flip' && own) return store.annotations.update(own.id, { skipped: !own.skipped });
  if (act === 'delete' && own) return store.annotations.delete(own.id);
  if (act === 'delete task' && skipped) return store.tasks.delete(project.id, [taskId]);
  if (act === 'undo') return store.runs.revoke(bulk);
  if (act === 'redo') return store.runs.restore(bulk);
  if (act === 'overlap') return store.projects.update(project.id, { settings: { ...SETTINGS, overlap: 1 + person } });
  return undefined;
}

async function expectFreshCounts({ store, project }: World, tasks: readonly number[]): Promise<void> {
  const { overlap } = (await store.projects.get(project.id))!.settings;
  const annotations = await store.annotations.list(project.id, { after: 0, limit: 1_000 });
  const given = annotations.filter((one) => !one.skipped);
  const answers = tasks.map((id) => given.filter((one) => one.taskId === id).length);
  expect(await store.projects.counts(project.id)).toEqual({
    tasks: (await store.tasks.list(project.id, { after: 0, limit: 100 })).length,
    labeledTasks: answers.filter((n) => n > 0).length,
    finishedTasks: answers.filter((n) => n >= overlap).length,
    annotations: given.length,
    skipped: annotations.length - given.length,
    groundTruth: annotations.filter((one) => one.groundTruth).length,
  });
}
