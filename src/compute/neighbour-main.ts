/** The neighbour process: answers calls about spaces. Native code and heavy loops live here, away from the server. */
import { pathToFileURL } from 'node:url';
import { AppError, toAppError } from '../core/errors.ts';
import { yieldAsHost } from '../core/priority.ts';
import type { BlockProducts } from '../kernels/index.ts';
import { EXACT_ITEMS_MAX, loadIndexKinds } from './neighbour-kinds.ts';
import type { FromNeighbours, ToNeighbours } from './neighbour-protocol.ts';
import { type Progress, Rooms } from './neighbour-rooms.ts';

type Start = Extract<ToNeighbours, { type: 'start' }>;
type Call = Extract<ToNeighbours, { type: 'call' }>;

/** Steps of small projects take less than a millisecond, and the server stores what it is told. */
const TELL_MS = 200;

let rooms: Promise<Rooms>;
/** How to stop the calls that are not answered yet. */
const stops = new Map<number, (error: AppError) => void>();

yieldAsHost();
process.on('message', (message: ToNeighbours) => {
  if (message.type === 'start') rooms = open(message);
  else if (message.type === 'stop') stops.get(message.id)?.(stopped());
  else void answer(message);
});
process.on('disconnect', () => process.exit(0));

async function open({ folder, products, threads, exactItemsMax = EXACT_ITEMS_MAX }: Start): Promise<Rooms> {
  const module = (await import(pathToFileURL(products).href)) as { createProducts(): Promise<BlockProducts> };
  return new Rooms({ folder, kinds: await loadIndexKinds(), products: module.createProducts, threads, exactItemsMax });
}

async function answer({ id, name, args }: Call): Promise<void> {
  const stop = new Promise<never>((_, reject) => stops.set(id, reject));
  let told = { stage: '', at: 0 };
  const progress: Progress = async (stage, done) => {
    const at = performance.now();
    if (stops.has(id) && (stage !== told.stage || at - told.at >= TELL_MS)) {
      send({ type: 'progress', id, stage, done });
      told = { stage, at };
    }
    // Other calls, and the wish to stop this one, get their turn between two steps.
    await new Promise((resolve) => setImmediate(resolve));
    if (!stops.has(id)) throw stopped();
  };
  try {
    const work = rooms.then((all) => all.call(name, args, progress));
    const value = await Promise.race([work, stop]);
    send({ type: 'done', id, value });
  } catch (error) {
    send({ type: 'failed', id, error: toAppError(error).toPlain() });
  } finally {
    stops.delete(id);
  }
}

function stopped(): AppError {
  return new AppError('CONFLICT_CANCELLED', 'The work was stopped.');
}

function send(message: FromNeighbours): void {
  process.send!(message);
}
