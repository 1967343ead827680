/** The map of a space: drawn from its graph, or, while few tasks are new, with those put beside their neighbours. */
import { hashUnit } from '../core/random.ts';
import { layoutGraph, type NeighbourGraph, principalPlane } from '../propagation/index.ts';
import type { Progress, Space } from './neighbour-space.ts';
import type { Places } from './neighbours.ts';

/** From this share of new tasks on the old map says little about the new whole. */
const NEW_SHARE_MAX = 0.3;
/** New tasks whose neighbours are all new find their place through those after so many rounds. */
const ROUNDS = 4;
const SEED = 1;

/** Places of all tasks, or of the new ones alone when `known` holds most. */
export async function layoutOf(space: Space, known: Places, progress: Progress): Promise<Places & { anew: boolean }> {
  await space.build(progress);
  return space.alone(async () => {
    const { graph, ids } = space.graph;
    const { start, moving, fresh } = placesBefore(graph, ids, known);
    const onStep = (done: number): Promise<void> => progress('map', done);
    if (fresh > NEW_SHARE_MAX * ids.length) {
      const plane = principalPlane((i) => space.row(ids[i]!), ids.length, space.dims);
      return { ordinals: ids, xy: await layoutGraph(graph, { start: plane, seed: SEED, onStep }), anew: true };
    }
    const xy = fresh === 0 ? start : await layoutGraph(graph, { start, moving, seed: SEED, onStep });
    const placed = [...ids.keys()].filter((i) => moving[i] === 1);
    return {
      ordinals: Uint32Array.from(placed, (i) => ids[i]!),
      xy: Float32Array.from(placed.flatMap((i) => [xy[2 * i]!, xy[2 * i + 1]!])),
      anew: false,
    };
  });
}

/** Known tasks where they are, new ones (`moving`) in the middle of their known neighbours. */
function placesBefore(graph: NeighbourGraph, ids: Uint32Array, known: Places) {
  const start = new Float32Array(2 * ids.length);
  const moving = new Uint8Array(ids.length).fill(1);
  const item = new Map([...ids].map((ordinal, i) => [ordinal, i]));
  for (const [at, ordinal] of known.ordinals.entries()) {
    const i = item.get(ordinal);
    if (i === undefined) continue;
    start.set(known.xy.subarray(2 * at, 2 * at + 2), 2 * i);
    moving[i] = 0;
  }
  const placed = moving.map((moves) => 1 - moves);
  const fresh = [...ids.keys()].filter((i) => moving[i] === 1);
  let open = fresh;
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    open = open.filter((i) => !placeBeside(graph, start, placed, i));
  }
  return { start, moving, fresh: fresh.length };
}

/** False while none of its neighbours has a place. */
function placeBeside({ starts, neighbours }: NeighbourGraph, xy: Float32Array, placed: Uint8Array, i: number): boolean {
  const there = neighbours.subarray(starts[i]!, starts[i + 1]!).filter((j) => placed[j] === 1);
  if (there.length === 0) return false;
  for (const axis of [0, 1]) {
    const middle = there.reduce((sum, j) => sum + xy[2 * j + axis]!, 0) / there.length;
    // Copies of one task would lie on each other for ever.
    xy[2 * i + axis] = middle + 0.1 * (hashUnit('place', i, axis) - 0.5);
  }
  placed[i] = 1;
  return true;
}
