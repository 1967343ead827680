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
  'predict',
  'predict in bulk',
  'show',
  'delete prediction',
  'delete version',
  'undo import',
  'redo import',
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
          const labelerId = (await store.labelers.ensure('model', 'theirs', '')).id;
          const people = [await world.annotator('ann'), await world.annotator('bob'), await world.annotator('cyd')];
          for (const step of play) {
            const acting = act(world, { task: tasks[step.task]!, person: people[step.person]!, bulk, labelerId }, step);
            await acting.catch((error) => expect(error).toMatchObject(code('NOT_FOUND')));
          }
          await expectFreshCounts(world, tasks);
        }),
        { numRuns: 30 },
      ),
    ));
}

interface On {
  readonly task: number;
  readonly person: number;
  readonly bulk: number;
  readonly labelerId: number;
}

async function act(world: World, on: On, step: Step): Promise<unknown> {
  return (await actOnAnswers(world, on, step)) ?? actOnPredictions(world, on, step);
}

async function actOnAnswers(
  { store, project, answer }: World,
  { task: taskId, person: annotatorId, bulk }: On,
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

async function actOnPredictions(
  { store, project, clock, importRun }: World,
  { task: taskId, person: annotatorId, bulk, labelerId }: On,
  { act, skipped }: Step,
): Promise<unknown> {
  const prediction = { projectId: project.id, taskId, labelerId, runId: null, result: [], score: null };
  if (act === 'predict') return store.predictions.add([prediction]);
  if (act === 'predict in bulk') return store.predictions.add([prediction, { ...prediction, runId: bulk }, prediction]);
  if (act === 'show') {
    const lease = { projectId: project.id, annotatorId, overlap: 1, expiresAt: clock.now() + 60_000 };
    return store.leases.acquire({ ...lease, candidates: [taskId], show: { taskId, prediction, blind: false } });
  }
  const [first] = await store.predictions.ofTasks([taskId]);
  if (act === 'delete prediction' && first) return store.predictions.delete(first.id);
  if (act === 'delete version' && skipped) return store.predictions.deleteOfLabeler(project.id, labelerId);
  if (act === 'undo import') return store.runs.revoke(importRun.id);
  if (act === 'redo import') return store.runs.restore(importRun.id);
  return undefined;
}

async function expectFreshCounts({ store, project }: World, tasks: readonly number[]): Promise<void> {
  const { overlap } = (await store.projects.get(project.id))!.settings;
  const annotations = await store.annotations.list(project.id, { after: 0, limit: 1_000 });
  const given = annotations.filter((one) => !one.skipped);
  const answers = tasks.map((id) => given.filter((one) => one.taskId === id).length);
  expect(await store.predictions.count(project.id)).toBe((await store.predictions.ofTasks(tasks)).length);
  expect(await store.projects.counts(project.id)).toEqual({
    tasks: (await store.tasks.list(project.id, { after: 0, limit: 100 })).length,
    labeledTasks: answers.filter((n) => n > 0).length,
    finishedTasks: answers.filter((n) => n >= overlap).length,
    annotations: given.length,
    skipped: annotations.length - given.length,
    groundTruth: annotations.filter((one) => one.groundTruth).length,
  });
}
