/** The calls of the neighbour process, each on the space it names. */
import { AppError } from '../core/errors.ts';
import { inTurns } from '../core/steps.ts';
import {
  type CopyPair,
  contentKey,
  equalContent,
  type ImageHash,
  similarEmbeddings,
  similarImageSteps,
  similarTextSteps,
} from '../propagation/index.ts';
import { clusterSteps } from './neighbour-clusters.ts';
import { layoutOf } from './neighbour-layout.ts';
import { type Progress, Space, type SpaceTools } from './neighbour-space.ts';
import { spreadOn } from './neighbour-spread.ts';
import type { BuiltSpace, Neighbour, Places, SpaceKey, SpreadAnswer, SpreadRequest, TextCopies } from './neighbours.ts';

export type { Progress };

/** Spaces held at once: each has its rows in memory. The one used longest ago goes first, and comes back from files. */
const SPACES_MAX = 4;

export class Rooms {
  readonly #tools: SpaceTools;
  readonly #spaces = new Map<string, Space>();

  constructor(tools: SpaceTools) {
    this.#tools = tools;
  }

  /** Names and arguments as in `NeighbourSpaces`. */
  async call(name: string, args: readonly unknown[], progress: Progress): Promise<unknown> {
    const key = args[0] as SpaceKey;
    if (name === 'open') return this.#open(key, args[1] as Uint32Array);
    if (name === 'put') return this.#space(key).put(args[1] as Uint32Array, args[2] as Float32Array);
    if (name === 'build') return this.#space(key).build(progress) satisfies Promise<BuiltSpace>;
    if (name === 'nearest') return this.#nearest(key, ...(args.slice(1) as [number, number, Uint32Array?]));
    if (name === 'spread') return this.#spread(key, args[1] as SpreadRequest, progress);
    if (name === 'clusters') return this.#clusters(key, args[1] as Uint32Array, args[2] as number, progress);
    if (name === 'layout') return layoutOf(this.#space(key), args[1] as Places, progress);
    if (name === 'copies') return this.#copies(key, args[1] as number, progress);
    if (name === 'textCopies') return textCopies(args[0] as readonly string[], progress);
    if (name === 'imageCopies') return imageCopies(args[0] as readonly (ImageHash | null)[], progress);
    if (name === 'drop') return this.#drop(args[0] as number);
    throw new Error(`no call '${name}'`);
  }

  #open(key: SpaceKey, ordinals: Uint32Array): Uint32Array {
    const name = nameOf(key);
    const space = this.#spaces.get(name) ?? new Space(key, ordinals.length, this.#tools);
    this.#spaces.delete(name);
    this.#spaces.set(name, space);
    const [oldest] = this.#spaces.keys();
    if (this.#spaces.size > SPACES_MAX) this.#spaces.delete(oldest!);
    return space.open(ordinals);
  }

  /** A process that was started anew knows nothing: whoever asks opens the space again. */
  #space(key: SpaceKey): Space {
    const space = this.#spaces.get(nameOf(key));
    if (space) return space;
    throw new AppError('BACKEND_CRASHED', 'The process that finds neighbours was started anew; ask again.');
  }

  #nearest(key: SpaceKey, ordinal: number, limit: number, among?: Uint32Array): Neighbour[] {
    return this.#space(key).nearest(ordinal, limit, among);
  }

  #spread(key: SpaceKey, request: SpreadRequest, progress: Progress): Promise<SpreadAnswer[]> {
    return this.#space(key).withPool(progress, (pool, ordinals) => spreadOn(pool, ordinals, request, progress));
  }

  #clusters(key: SpaceKey, ordinals: Uint32Array, count: number, progress: Progress): Promise<Uint32Array[]> {
    return this.#space(key).withPool(progress, (pool, all) =>
      inTurns(clusterSteps(pool, all, ordinals, count), (done) => progress('grouping what lies together', done)),
    );
  }

  #copies(key: SpaceKey, least: number, progress: Progress): Promise<CopyPair[]> {
    const space = this.#space(key);
    return space.build(progress).then(() => {
      const { graph, ids } = space.graph;
      return similarEmbeddings(graph, least).map(({ a, b, similarity }) => ({ a: ids[a]!, b: ids[b]!, similarity }));
    });
  }

  #drop(projectId: number): void {
    for (const name of this.#spaces.keys()) if (name.startsWith(`${projectId}/`)) this.#spaces.delete(name);
  }
}

/** A hundred thousand texts take a dozen seconds: look-ups get their turns in between. */
async function textCopies(texts: readonly string[], progress: Progress): Promise<TextCopies> {
  const equal = equalContent(texts.map(contentKey));
  const similar = await inTurns(similarTextSteps(texts), (done) => progress('comparing texts', done));
  return { equal, similar };
}

function imageCopies(hashes: readonly (ImageHash | null)[], progress: Progress): Promise<CopyPair[]> {
  return inTurns(similarImageSteps(hashes), (done) => progress('comparing pictures', done));
}

function nameOf({ projectId, embedder, dims }: SpaceKey): string {
  return `${projectId}/${embedder}/${dims}`;
}
