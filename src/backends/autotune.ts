/** Finds, inside a host, how much should go into one call to the engine on this machine. */
import type { CallSize } from './runtime.ts';

/** The whole search, by the wall clock: somebody may be waiting for this host. */
export const TUNE_MS = 2_000;
/** What wins by less is noise; the smaller call then takes less memory and answers sooner. */
const GAIN_MIN = 0.02;
/** More rounds than this tell nothing new about a small model. */
const ROUNDS_MAX = 12;

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
  /** Called between probes: whoever waits is served there. */
  readonly pause: () => Promise<void>;
}

/**
 * Probes every choice in turn, round after round, and keeps each one's best time: a neighbour that takes the cache for a
 * moment spoils one round and not the choice. Stops before a probe that would not end in time; the search is over at
 * `TUNE_MS` however many choices there are. Throws what a probe of the standard size throws.
 */
export async function tuneCalls(calls: CallSize, options: TuneOptions): Promise<Tuned> {
  const { cpuMs, now, pause } = options;
  const end = now() + TUNE_MS;
  const best = new Map<number, number>();
  const wall = new Map<number, number>();
  const probe = async (size: number): Promise<void> => {
    const [cpuStart, wallStart] = [cpuMs(), now()];
    const units = await calls.probe(size);
    const ms = (cpuMs() - cpuStart) / units;
    wall.set(size, now() - wallStart);
    best.set(size, Math.min(best.get(size) ?? ms, ms));
  };
  const choices = calls.choices.filter((size) => size <= options.sizeMax);
  if (choices.length === 0) choices.push(Math.min(calls.standard, options.sizeMax));
  /** A size that was not tried yet takes longer in proportion than the one before it; without that one it is too long. */
  const expected = (i: number): number => {
    const before = wall.get(choices[i - 1] ?? Number.NaN) ?? Number.POSITIVE_INFINITY;
    return wall.get(choices[i]!) ?? (i === 0 ? 0 : (before * choices[i]!) / choices[i - 1]!);
  };
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const [i, size] of choices.entries()) {
      if (now() + expected(i) > end) continue;
      try {
        await probe(size);
      } catch (error) {
        // Some graphs take fewer than they declare; a model that takes nothing at all is an error of its own.
        if (i === 0) throw error;
        choices.length = i;
        break;
      }
      await pause();
    }
    if (now() >= end) break;
  }
  const least = Math.min(...best.values());
  const [size, msPerUnit] = [...best].find(([, ms]) => ms <= least * (1 + GAIN_MIN))!;
  return { size, msPerUnit };
}
