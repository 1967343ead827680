/** Which labels get the digits: all of a short list in its own order, of a long one the likeliest or most used. */
import { digitOf } from '../keys.ts';

/** As many as there are digits. */
export const QUICK = 10;

/**
 * All labels, those with digits first. A short list never moves, so that fingers learn it. A long one starts with the
 * suggestion and the likeliest labels; without them (blind items, no model yet) with the ones this person uses most.
 */
export function orderFor(
  projectId: number,
  labels: readonly string[],
  probabilities: Readonly<Record<string, number>>,
  suggested: readonly string[],
): string[] {
  if (labels.length <= QUICK) return [...labels];
  const used = usesOf(projectId);
  const informed = suggested.length > 0 || Object.keys(probabilities).length > 0;
  const weight = (label: string): number => {
    if (!informed) return used[label] ?? 0;
    return suggested.includes(label) ? 2 : (probabilities[label] ?? 0);
  };
  const position = new Map(labels.map((label, i) => [label, i]));
  const byWeight = [...labels].sort((a, b) => weight(b) - weight(a) || position.get(a)! - position.get(b)!);
  const quick = byWeight.slice(0, QUICK);
  return [...quick, ...labels.filter((label) => !quick.includes(label))];
}

/** The digit of each label in this order; empty strings beyond the tenth. */
export function digitsOf(order: readonly string[]): Map<string, string> {
  return new Map(order.map((label, i) => [label, digitOf(i)]));
}

const KEY = 'headstart.uses.';

function usesOf(projectId: number): Record<string, number> {
  return JSON.parse(localStorage.getItem(KEY + projectId) ?? '{}') as Record<string, number>;
}

export function rememberUse(projectId: number, label: string): void {
  const counts = usesOf(projectId);
  localStorage.setItem(KEY + projectId, JSON.stringify({ ...counts, [label]: (counts[label] ?? 0) + 1 }));
}
