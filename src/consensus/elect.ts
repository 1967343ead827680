/** Which of several answers to one task stands for all: the one that the others agree with most. */
import type { Region } from '../core/domain.ts';
import { diffResults } from '../labelconfig/index.ts';

export interface Election {
  /** Of the elected result; the first of equals. */
  readonly index: number;
  /** Mean agreement of the others with it, 0..1; null when there is no other. */
  readonly agreement: number | null;
}

/**
 * How far two results say the same, 0..1: twice what they share over all their regions (Dice), where a
 * region with the same labels in another place shares its IoU. Two empty results agree.
 */
export function agreementOf(a: readonly Region[], b: readonly Region[]): number {
  if (a.length + b.length === 0) return 1;
  let shared = 0;
  for (const { change, overlap } of diffResults(a, b)) {
    if (change === 'accepted') shared += 1;
    else if (change === 'moved') shared += overlap ?? 0;
  }
  return (2 * shared) / (a.length + b.length);
}

/**
 * The medoid of the results: for one choice per task that is the plurality, and for spans, boxes or masks it is somebody's
 * own work rather than a mixture that nobody drew. Throws on an empty list.
 */
export function elect(results: readonly (readonly Region[])[]): Election {
  if (results.length === 0) throw new Error('assertion failed: an election needs a candidate');
  if (results.length === 1) return { index: 0, agreement: null };
  const sums = new Float64Array(results.length);
  for (const [i, first] of results.entries()) {
    for (let j = i + 1; j < results.length; j++) {
      const agreement = agreementOf(first, results[j]!);
      sums[i]! += agreement;
      sums[j]! += agreement;
    }
  }
  const index = sums.indexOf(Math.max(...sums));
  return { index, agreement: sums[index]! / (results.length - 1) };
}
