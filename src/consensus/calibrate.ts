/** Posteriors that mean what they say: one temperature, fitted on gold (Guo et al. 2017). Answers do not change. */

import type { GoldCounts } from './expectation.ts';
import { type LabelModel, patternPosterior } from './model.ts';
import type { VoteTable } from './votes.ts';

/** Gold rows with votes below which a temperature would be noise. */
const GOLD_MIN = 20;
const LOG_MIN = Math.log(0.05);
const LOG_MAX = Math.log(50);

/**
 * Divides the scores of a model by the temperature that makes gold most likely. A majority becomes a softmax of its
 * counts, with the same order and the same ties. With fewer than 20 gold rows the model stays as it is.
 */
export function calibrated(model: LabelModel, table: VoteTable, gold: GoldCounts): LabelModel {
  let rows = 0;
  for (let i = model.classCount; i < gold.counts.length; i++) rows += gold.counts[i]!;
  if (rows < GOLD_MIN) return model;
  const at = (logT: number): LabelModel => tempered(model, Math.exp(logT));
  const loss = (logT: number): number => negativeLogLikelihood(at(logT), table, gold);
  return at(goldenSection(loss, LOG_MIN, LOG_MAX));
}

function tempered(model: LabelModel, temperature: number): LabelModel {
  return {
    ...model,
    form: 'softmax',
    bias: model.bias.map((value) => value / temperature),
    weights: model.weights.map((value) => value / temperature),
  };
}

function negativeLogLikelihood(model: LabelModel, table: VoteTable, gold: GoldCounts): number {
  const posterior = patternPosterior(model, table);
  let sum = 0;
  for (let i = model.classCount; i < posterior.length; i++) {
    if (gold.counts[i]! > 0) sum -= gold.counts[i]! * Math.log(Math.max(posterior[i]!, 1e-12));
  }
  return sum;
}

/** Minimum of a function with one valley. */
function goldenSection(f: (x: number) => number, from: number, to: number): number {
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [from, to];
  let [c, d] = [b - ratio * (b - a), a + ratio * (b - a)];
  let [fc, fd] = [f(c), f(d)];
  for (let i = 0; i < 40; i++) {
    if (fc <= fd) {
      [b, d, fd] = [d, c, fc];
      c = b - ratio * (b - a);
      fc = f(c);
    } else {
      [a, c, fc] = [c, d, fd];
      d = a + ratio * (b - a);
      fd = f(d);
    }
  }
  return (a + b) / 2;
}
