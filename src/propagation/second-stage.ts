/** The second sample of verified items: inside the region that would be accepted if its promise could be kept. */
import type { Random } from '../core/random.ts';
import { shuffle } from '../core/random.ts';
import type { Gate } from './gate.ts';
import type { Spread } from './methods/spread.ts';

export interface SecondStage {
  /** Floor of the region: hand it back with the answers as the stage's floor. */
  readonly floor: number;
  /** Candidates to verify, drawn at random without replacement. */
  readonly items: Int32Array;
}

/**
 * Draws up to `count` candidates (default: as many as the gate says it needs) from the region that `gate.more` names;
 * null where more answers would not help. `taken`: labeled and verified items.
 */
export function planSecondStage(
  spread: Spread,
  gate: Gate,
  taken: ArrayLike<number>,
  random: Random,
  count?: number,
): SecondStage | null {
  if (gate.more === null) return null;
  const { floor, inRegion } = gate.more;
  const used = new Set(Array.from(taken));
  const region: number[] = [];
  for (let i = 0; i < gate.labels.length; i++) {
    if (gate.labels[i]! >= 0 && spread.confidence[i]! >= floor && !used.has(i)) region.push(i);
  }
  const items = shuffle(region, random).slice(0, count ?? inRegion);
  return { floor, items: Int32Array.from(items).sort() };
}
