/** A head after its project's classes have changed. */
import type { Head } from './head.ts';
import { UNSEEN_LOGIT } from './link.ts';

/** The head with its classes in the given order; one it does not know can never be its answer. */
export function underClasses(head: Head, classes: readonly string[]): Head {
  const weights = new Float32Array(classes.length * head.dim);
  const bias = new Float32Array(classes.length).fill(UNSEEN_LOGIT);
  for (const [c, name] of classes.entries()) {
    const from = head.classes.indexOf(name);
    if (from < 0) continue;
    weights.set(head.weights.subarray(from * head.dim, (from + 1) * head.dim), c * head.dim);
    bias[c] = head.bias[from]!;
  }
  return { ...head, classes, weights, bias };
}
