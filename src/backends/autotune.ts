/** Finds, inside a host, how much should go into one call to the engine on this machine. */
import type { CallSize } from './runtime.ts';

/** All probes together, by the wall clock: somebody may be waiting for this host. */
export const TUNE_MS = 2_000;
/** What wins by less is noise; of sizes that are as good the one nearest to the standard is known to serve well elsewhere. */
const GAIN_MIN = 0.02;
/** A size that is so much worse than the best so far leaves the race: its time goes to those that may still win. */
const BEHIND_MAX = 0.05;
/** Before this many rounds a single disturbance could send the best one away. */
const ROUNDS_BEFORE_LEAVING = 2;
/** More rounds than this tell nothing new about a small model. */
const ROUNDS_MAX = 24;

export interface Tuned {
  readonly size: number;
  /** Processor milliseconds per unit (padded token, picture) at that size. */
  readonly msPerUnit: number;
}

export interface TuneOptions {
  /** Choices above it cannot be filled. */
  readonly sizeMax: number;
  /** Milliseconds of this process's processor time: other processes do not disturb it. */
  readonly cpuMs: () => number;
  /** Milliseconds by the wall clock. */
  readonly now: () => number;
  /** Called between probes: whoever waits is served there, in time that is not the search's. */
  readonly pause: () => Promise<void>;
}

/**
 * Probes the choices in turn, round after round, and keeps each one's best time: a neighbour that takes the cache for a
 * moment spoils one round and not the choice. Choices that fall behind leave, so that most rounds are run by those that
 * are hard to tell apart. Stops before a probe that would not end in time; the probes take `TUNE_MS` however many choices there
 * are, what others ask in between not counted. Throws what a probe of the smallest size throws.
 */
export async function tuneCalls(calls: CallSize, options: TuneOptions): Promise<Tuned> {
  let end = options.now() + TUNE_MS;
  const fitting = calls.choices.filter((size) => size <= options.sizeMax);
  let racing = fitting.length > 0 ? fitting : [Math.min(calls.standard, options.sizeMax)];
  const costs = new Map<number, Cost>();
  const least = (): number => Math.min(...[...costs.values()].map(({ msPerUnit }) => msPerUnit));
  for (let round = 1; round <= ROUNDS_MAX && options.now() < end; round++) {
    for (const [i, size] of racing.entries()) {
      if (options.now() + expectedMs(costs, size, racing[i - 1]) > end) continue;
      try {
        costs.set(size, cheaper(costs.get(size), await probe(calls, size, options)));
      } catch (error) {
        // Some graphs take fewer than they declare; a model that takes nothing at all is an error of its own.
        if (i === 0) throw error;
        racing = racing.slice(0, i);
        break;
      }
      const paused = options.now();
      await options.pause();
      end += options.now() - paused;
    }
    const limit = round < ROUNDS_BEFORE_LEAVING ? Number.POSITIVE_INFINITY : least() * (1 + BEHIND_MAX);
    racing = racing.filter((size) => (costs.get(size)?.msPerUnit ?? 0) <= limit);
    if (racing.length === 1 && round >= ROUNDS_BEFORE_LEAVING) break;
  }
  const asGood = [...costs].filter(([, { msPerUnit }]) => msPerUnit <= least() * (1 + GAIN_MIN));
  const steps = (size: number): number => Math.abs(Math.log(size / calls.standard));
  const [size, { msPerUnit }] = asGood.reduce((a, b) => (steps(b[0]) < steps(a[0]) ? b : a));
  return { size, msPerUnit };
}

interface Cost {
  /** Of the processor. */
  readonly msPerUnit: number;
  /** Of the last probe, by the wall clock. */
  readonly wallMs: number;
}

async function probe(calls: CallSize, size: number, { cpuMs, now }: TuneOptions): Promise<Cost> {
  const [cpuStart, wallStart] = [cpuMs(), now()];
  const units = await calls.probe(size);
  return { msPerUnit: (cpuMs() - cpuStart) / units, wallMs: now() - wallStart };
}

function cheaper(known: Cost | undefined, fresh: Cost): Cost {
  return { ...fresh, msPerUnit: Math.min(known?.msPerUnit ?? fresh.msPerUnit, fresh.msPerUnit) };
}

/** A size that was not tried yet takes longer in proportion than the one before it; without that one it is too long. */
function expectedMs(costs: ReadonlyMap<number, Cost>, size: number, before: number | undefined): number {
  const known = costs.get(size)?.wallMs;
  if (known !== undefined || before === undefined) return known ?? 0;
  return ((costs.get(before)?.wallMs ?? Number.POSITIVE_INFINITY) * size) / before;
}
