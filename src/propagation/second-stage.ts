/** The second sample of verified items: inside the region that would be accepted if its promise could be kept. */
import type { Random } from '../core/random.ts';
import { shuffle } from '../core/random.ts';
import type { Gate } from './gate.ts';
import type { Spread } from './methods/spread.ts';

export interface StagePlan {
  /** What lies in it now stays its meaning: hand it back with the answers, however predictions change meanwhile. Ascending. */
  readonly region: Int32Array;
  /** Candidates of it to verify, drawn at random without replacement; ascending. */
  readonly items: Int32Array;
}

/**
 * Fixes the region that `gate.more` names and draws up to `count` candidates from it (default: as many as the gate says it
 * needs); null where more answers would not help. Checked items belong to it by the prediction that was checked.
 * `taken`: labeled and verified items, and those that are asked about already.
 */
export function planSecondStage(
  spread: Spread,
  gate: Gate,
  taken: ArrayLike<number>,
  random: Random,
  count?: number,
): StagePlan | null {
  if (gate.more === null) return null;
  const { floor, inRegion } = gate.more;
  const used = new Set(Array.from(taken));
  const open: number[] = [];
  for (let i = 0; i < gate.labels.length; i++) {
    if (gate.labels[i]! >= 0 && spread.confidence[i]! >= floor && !used.has(i)) open.push(i);
  }
  const checked = gate.checks.filter((check) => check.confidence >= floor).map((check) => check.item);
  const items = shuffle([...open], random).slice(0, count ?? inRegion);
  return { region: Int32Array.from([...open, ...checked]).sort(), items: Int32Array.from(items).sort() };
}
