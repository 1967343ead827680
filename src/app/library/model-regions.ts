/** What the bound models marked in a task: the newest standing answer of each, for whoever shows suggestions. */
import type { Prediction, Task } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';

/** By task, one per control. Only models that a control is bound to speak, and each with its last word. */
export async function standingMarks(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  tasks: readonly Task[],
): Promise<ReadonlyMap<number, readonly Prediction[]>> {
  const project = await store.projects.get(projectId);
  const bound = project?.settings.models ?? {};
  if (Object.keys(bound).length === 0) return new Map();
  const speakers = new Map<number, string>();
  for (const { id, revokedAt, params } of await store.runs.list(projectId)) {
    const { control, model } = params;
    if (revokedAt !== null || typeof control !== 'string' || typeof model !== 'string') continue;
    if (bound[control] === model.split('@', 1)[0]) speakers.set(id, control);
  }
  if (speakers.size === 0) return new Map();
  return newestPerControl(await store.predictions.ofTasks(tasks.map(({ id }) => id)), speakers);
}

/** `speakers`: run -> control. Predictions come oldest first. */
function newestPerControl(
  predictions: readonly Prediction[],
  speakers: ReadonlyMap<number, string>,
): Map<number, Prediction[]> {
  const newest = new Map<number, Map<string, Prediction>>();
  for (const one of predictions) {
    const control = one.runId === null ? undefined : speakers.get(one.runId);
    if (control === undefined) continue;
    const ofTask = newest.get(one.taskId) ?? new Map<string, Prediction>();
    newest.set(one.taskId, ofTask.set(control, one));
  }
  return new Map([...newest].map(([taskId, answers]) => [taskId, [...answers.values()]]));
}
