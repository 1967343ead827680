/** Drawing the map of a project, as a job with progress: kept by embedder version, new tasks placed beside the others. */
import type { Places } from '../../compute/neighbours.ts';
import type { Job } from '../../core/domain.ts';
import type { Json } from '../../core/json.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import type { JobWork } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import { inTasks } from '../spread/neighbour-job.ts';
import type { Neighbours } from '../spread/neighbours.ts';

export const MAP = 'map';

export async function enqueueMap({ store }: Pick<Deps, 'store'>, projectId: number, anew: boolean): Promise<Job> {
  await found('project', projectId, store.projects.get(projectId));
  return store.jobs.enqueue({ kind: MAP, projectId, params: { anew }, dedupeKey: `${MAP}/${projectId}` });
}

export function createMapHandler({ store }: Pick<Deps, 'store'>, neighbours: Neighbours, matrices: Matrices) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const { tasks } = await store.projects.counts(projectId);
    return neighbours.use(
      projectId,
      async ({ spaces, key }) => {
        const of = { projectId, embedder: key.embedder };
        const known = work.job.params.anew === true ? NOWHERE : await matrices.withMap(of, placesIn);
        const { ordinals, xy, anew } = await spaces.layout(key, known, {
          signal: work.signal,
          onProgress: inTasks(work, tasks),
        });
        if (anew) await matrices.dropMap(of);
        await matrices.withMap(of, (tensor) => tensor.write(ordinals, xy));
        return { placed: ordinals.length, anew };
      },
      work.signal,
    );
  };
}

const NOWHERE: Places = { ordinals: new Uint32Array(0), xy: new Float32Array(0) };

/** What a map file holds, by ascending ordinal. */
export async function placesIn(tensor: Tensor): Promise<Places> {
  const all = new Float32Array(2 * tensor.rows);
  await tensor.read(0, tensor.rows, all);
  const ordinals = new Uint32Array(tensor.rows);
  let count = 0;
  for (let ordinal = 0; ordinal < tensor.rows; ordinal++) {
    if (!tensor.has(ordinal)) continue;
    // Rows move down to where the ones that are missing were.
    all[2 * count] = all[2 * ordinal]!;
    all[2 * count + 1] = all[2 * ordinal + 1]!;
    ordinals[count] = ordinal;
    count += 1;
  }
  return { ordinals: ordinals.slice(0, count), xy: all.slice(0, 2 * count) };
}
