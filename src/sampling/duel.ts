/** Champion against challenger on answers that neither was trained on. */
import type { OutOfFold, TrainingSet } from '../heads/fit.ts';
import { type Head, predict } from '../heads/head.ts';
import { type HeadMetrics, headMetrics } from '../heads/metrics.ts';

/** Both heads on the same items, none of which either was trained on. */
export interface Duel {
  readonly champion: HeadMetrics;
  readonly challenger: HeadMetrics;
}

/** Both on the items labeled since the champion was trained; null when there are none. */
export function duel(champion: Head, set: TrainingSet, outOfFold: OutOfFold): Duel | null {
  const trained = new Set(champion.trainedOn);
  const place = new Map(set.ordinals.map((ordinal, i) => [ordinal, i]));
  const fresh = [...outOfFold.ordinals.entries()].filter(([, ordinal]) => !trained.has(ordinal));
  if (fresh.length === 0) return null;
  const classCount = set.classes.length;
  const gather = (from: Float32Array, width: number, items: readonly number[]): Float32Array => {
    const out = new Float32Array(items.length * width);
    for (const [k, i] of items.entries()) out.set(from.subarray(i * width, (i + 1) * width), k * width);
    return out;
  };
  const inSet = fresh.map(([, ordinal]) => place.get(ordinal)!);
  const targets = gather(set.targets, classCount, inSet);
  const championSays = predict(champion, gather(set.rows, set.dim, inSet));
  const challengerSays = gather(
    outOfFold.probabilities,
    classCount,
    fresh.map(([i]) => i),
  );
  return {
    champion: headMetrics(set.link, championSays, targets, classCount),
    challenger: headMetrics(set.link, challengerSays, targets, classCount),
  };
}
