/** The tasks of a bulk job, a chunk of ordinals at a time: what a crash makes it compute again at most. */
import { LIMITS } from '../../core/limits.ts';
import type { Deps } from '../deps.ts';

/** In ordinal order: of all living tasks, or of those with the ids in `only`. */
export async function* ordinalChunks(
  deps: Pick<Deps, 'store'>,
  projectId: number,
  only?: readonly number[],
): AsyncGenerator<Uint32Array> {
  if (only) yield* chunksOf(deps, projectId, only);
  else {
    for (let from = 0; ; ) {
      const { ordinals } = await deps.store.tasks.ordinals(projectId, from, LIMITS.jobChunkRows);
      if (ordinals.length === 0) return;
      yield ordinals;
      from = ordinals.at(-1)! + 1;
    }
  }
}

/** Tasks that are gone meanwhile are left out. */
async function* chunksOf(
  { store }: Pick<Deps, 'store'>,
  projectId: number,
  ids: readonly number[],
): AsyncGenerator<Uint32Array> {
  for (let at = 0; at < ids.length; at += LIMITS.jobChunkRows) {
    const tasks = await Promise.all(ids.slice(at, at + LIMITS.jobChunkRows).map((id) => store.tasks.get(id)));
    const ordinals = tasks.flatMap((task) => (task?.projectId === projectId ? [task.ordinal] : []));
    yield Uint32Array.from(ordinals).sort();
  }
}
