/** How logits become probabilities: one class of many (softmax) or each class for itself (sigmoid). */

/** `softmax`: exactly one class is right. `sigmoid`: any subset may be (multi-label, one-vs-rest). */
export type Link = 'softmax' | 'sigmoid';

/** The logit of a class nobody has used yet: its probability is exactly zero at any temperature. */
export const UNSEEN_LOGIT = -1e4;

/**
 * Writes the probabilities of one item to `out[outAt ...]`.
 * `logits[at ... at + classCount]` are divided by the temperature through `scale` = 1 / temperature.
 */
export function probabilitiesInto(
  link: Link,
  logits: Float32Array | Float64Array,
  at: number,
  classCount: number,
  scale: number,
  out: Float32Array | Float64Array,
  outAt = 0,
): void {
  if (link === 'sigmoid') {
    for (let c = 0; c < classCount; c++) out[outAt + c] = 1 / (1 + Math.exp(-scale * logits[at + c]!));
    return;
  }
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classCount; c++) if (logits[at + c]! > max) max = logits[at + c]!;
  let sum = 0;
  for (let c = 0; c < classCount; c++) {
    const e = Math.exp(scale * (logits[at + c]! - max));
    out[outAt + c] = e;
    sum += e;
  }
  for (let c = 0; c < classCount; c++) out[outAt + c]! /= sum;
}

/** Cross-entropy of one item from its logits (from `at` on), in nats; sigmoid links sum over the classes. */
export function crossEntropy(
  link: Link,
  logits: Float32Array | Float64Array,
  targets: Float32Array,
  at: number,
  classCount: number,
  scale: number,
  targetsAt = at,
): number {
  return link === 'softmax'
    ? softmaxEntropy(logits, targets, at, classCount, scale, targetsAt)
    : sigmoidEntropy(logits, targets, at, classCount, scale, targetsAt);
}

function softmaxEntropy(
  logits: Float32Array | Float64Array,
  targets: Float32Array,
  at: number,
  classCount: number,
  scale: number,
  targetsAt: number,
): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < classCount; c++) if (logits[at + c]! > max) max = logits[at + c]!;
  let sum = 0;
  let hit = 0;
  let mass = 0;
  for (let c = 0; c < classCount; c++) {
    const z = scale * (logits[at + c]! - max);
    sum += Math.exp(z);
    const y = targets[targetsAt + c]!;
    if (y > 0) {
      hit += y * z;
      mass += y;
    }
  }
  return mass * Math.log(sum) - hit;
}

function sigmoidEntropy(
  logits: Float32Array | Float64Array,
  targets: Float32Array,
  at: number,
  classCount: number,
  scale: number,
  targetsAt: number,
): number {
  let loss = 0;
  for (let c = 0; c < classCount; c++) {
    const z = scale * logits[at + c]!;
    loss += Math.max(z, 0) - z * targets[targetsAt + c]! + Math.log1p(Math.exp(-Math.abs(z)));
  }
  return loss;
}
