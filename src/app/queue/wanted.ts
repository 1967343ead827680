/** Tasks that people are asked for before all others: to check predictions, or because a label of theirs has gone. */
import { hashUnit } from '../../core/random.ts';
import type { Deps } from '../deps.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import { BlindSlice } from './blind-slice.ts';

/** Returns how many of them nobody has answered yet. */
export async function askAgain(
  { store }: Deps,
  loops: Loops,
  projectId: number,
  taskIds: readonly number[],
  checks: boolean,
): Promise<number> {
  const answered = new Set((await store.annotations.ofTasks(taskIds)).map((one) => one.taskId));
  const open = taskIds.filter((id) => !answered.has(id));
  if (open.length === 0) return 0;
  await store.spread.want(
    projectId,
    open.map((taskId) => ({ taskId, checks })),
  );
  await loops.reload(projectId);
  return open.length;
}

/** The first `count` unanswered tasks in a random order of the project, those of the blind slice before all others. */
export async function drawForChecking({ store }: Deps, projectId: number, count: number): Promise<number[]> {
  const { settings } = await found('project', projectId, store.projects.get(projectId));
  const slice = new BlindSlice(settings.seed, settings.blindShare);
  const drawn: { id: number; place: number }[] = [];
  for (let from = 0; ; ) {
    const { ids, ordinals } = await store.tasks.ordinals(projectId, from, 5_000);
    if (ordinals.length === 0) break;
    const answered = new Set((await store.annotations.ofTasks([...ids])).map((one) => one.taskId));
    for (const id of ids) {
      if (answered.has(id)) continue;
      drawn.push({ id, place: hashUnit(settings.seed, 'check', id) + (slice.has(id) ? 0 : 1) });
    }
    from = ordinals.at(-1)! + 1;
  }
  drawn.sort((a, b) => a.place - b.place || a.id - b.id);
  return drawn.slice(0, count).map((one) => one.id);
}
