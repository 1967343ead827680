/** Labeled stretches of texts that rules may look within: what people marked, else what was predicted, never by rules. */
import type { Prediction, Run, Task } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { TaskRegion } from '../../rules/index.ts';
import type { Store } from '../../store/store.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { ofPeople, promotionRuns } from '../queue/answers.ts';
import { spansIn, spanTargetsOf } from './span-target.ts';

/** By task. An answer of people, the empty one included, stands for all predictions; rules of today see it tomorrow. */
export async function regionsOf(
  store: Store,
  { parsed }: ProjectConfig,
  tasks: readonly Pick<Task, 'id' | 'projectId'>[],
): Promise<ReadonlyMap<number, readonly TaskRegion[]>> {
  const [first] = tasks;
  const targets = spanTargetsOf(parsed);
  if (!first || targets.length === 0) return new Map();
  const ids = tasks.map((task) => task.id);
  const people = ofPeople(await store.annotations.ofTasks(ids), await promotionRuns(store, first.projectId));
  const answers = groupBy(
    people.filter((one) => !one.skipped),
    (one) => one.taskId,
  );
  const predictions = await standingPredictions(store, first.projectId, ids);
  return new Map(
    ids.map((id) => {
      const given = answers.get(id);
      const known = given?.find((one) => one.groundTruth) ?? given?.at(-1);
      const results = known ? [known.result] : (predictions.get(id) ?? []).map((one) => one.result);
      const regions = results.flatMap((result) =>
        targets.flatMap((target) =>
          spansIn(target, result).map(({ label, start, end }) => {
            return { label: target.labels[label]!, start, end, field: `data.${target.field}` };
          }),
        ),
      );
      return [id, regions];
    }),
  );
}

/** The newest word of everybody but rules, by task; of runs only those that ended well. */
async function standingPredictions(
  store: Store,
  projectId: number,
  taskIds: readonly number[],
): Promise<ReadonlyMap<number, readonly Prediction[]>> {
  const runs = new Map((await store.runs.list(projectId)).map((run) => [run.id, run]));
  const labelers = new Map((await store.labelers.list()).map((one) => [one.id, one]));
  const newest = new Map<string, Prediction>();
  // Oldest first. A model has many versions, of which the last speaks; each spreading of a span has a name of its own.
  for (const one of await store.predictions.ofTasks(taskIds)) {
    if (one.runId !== null && !counts(runs.get(one.runId))) continue;
    const labeler = labelers.get(one.labelerId);
    newest.set(`${one.taskId} ${labeler?.kind} ${labeler?.name}`, one);
  }
  return groupBy(newest.values(), (one) => one.taskId);
}

function counts(run: Run | undefined): boolean {
  return run !== undefined && run.kind !== 'rules' && run.state === 'done' && run.revokedAt === null;
}
