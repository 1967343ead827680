/** What runs inside a compute thread: learners that live here, and stateless fits and predictions. */
import { fitSuggestion, type SuggestionFit, type SuggestionModel } from '../consensus/index.ts';
import { yieldAsThread } from '../core/priority.ts';
import {
  decodeHead,
  encodeHead,
  fitHead,
  type Judged,
  predict,
  type TrainingSet,
  underClasses,
  type WholeFigures,
  wholeFigures,
} from '../heads/index.ts';
import { Learner as LearnerCore, NumberLearner } from '../sampling/index.ts';
import type { Answer, LearnerSpec, Ranked, TrainedHead } from './compute.ts';

yieldAsThread();

/** The thread's only state: the learners that were opened in it, each reachable by its key alone. */
const learners = new Map<number, LearnerCore | NumberLearner>();

export function openLearner({ key, spec }: { key: number; spec: LearnerSpec }): void {
  const { dim, seed, strategy, expectedRows, classes } = spec;
  const shared = { dim, seed, strategy, expectedRows };
  const own = spec.numbers
    ? new NumberLearner(shared)
    : new LearnerCore({ ...shared, classes, link: spec.multiple ? 'sigmoid' : 'softmax' });
  learners.set(key, own);
}

export function closeLearner({ key }: { key: number }): void {
  learners.delete(key);
}

export function addRows({ key, ordinals, rows }: { key: number; ordinals: Uint32Array; rows: Float32Array }): void {
  learner(key).addRows([...ordinals], rows);
}

export function removeRows({ key, ordinals }: { key: number; ordinals: Uint32Array }): void {
  learner(key).removeRows([...ordinals]);
}

export function settle({ key }: { key: number }): void {
  learner(key).settle();
}

export function answer({ key, answers }: { key: number; answers: readonly Answer[] }): void {
  const own = learner(key);
  for (const { ordinal, shares } of answers) own.label(ordinal, shares);
}

export function order({
  key,
  limit,
  without,
  pending,
  strategy,
}: {
  key: number;
  limit: number;
  without: Uint32Array;
  pending: Uint32Array;
  strategy: string | undefined;
}): Ranked[] {
  return learner(key)
    .order(limit, { exclude: without, pending, ...(strategy === undefined ? {} : { strategy }) })
    .map(({ ordinal, score, reason }) => ({
      ordinal,
      score,
      phase: reason.phase,
      probabilities: reason.probabilities && [...reason.probabilities],
      margin: reason.margin,
      distance: reason.nearestLabeled,
      density: reason.density,
    }));
}

export function suggest({ key, ordinals }: { key: number; ordinals: Uint32Array }): Float32Array | null {
  const own = learner(key);
  if (own instanceof NumberLearner) return null;
  const suggestions = own.suggest([...ordinals]);
  const classCount = own.classes.length;
  const all = new Float32Array(suggestions.length * classCount);
  for (const [i, { probabilities }] of suggestions.entries()) {
    if (probabilities === null) return null;
    all.set(probabilities, i * classCount);
  }
  return all;
}

export function labelState({ key }: { key: number }): { labels: number; contrasting: boolean } {
  const { labeledCount, contrasting } = learner(key);
  return { labels: labeledCount, contrasting };
}

export function trainingSet({ key }: { key: number }): TrainingSet {
  return withHead(key).trainingSet();
}

export function install({ key, head, frozen }: { key: number; head: Uint8Array; frozen: boolean }): void {
  withHead(key).install(decodeHead(head), { pinned: frozen });
}

export function fit({ set, seed }: { set: TrainingSet; seed: number }): TrainedHead | null {
  const { head, outOfFold } = fitHead(set, seed);
  if (outOfFold === null) return null;
  const { metrics, temperature, excluded } = outOfFold;
  return {
    head: encodeHead(head),
    trainedOn: set.ordinals.length,
    metrics: { ...(metrics ?? { n: 0 }), l2: head.l2, temperature: temperature.temperature, excluded },
    ordinals: Uint32Array.from(outOfFold.ordinals),
    outOfFold: outOfFold.probabilities,
  };
}

export function predictRows({
  head,
  rows,
  classes,
}: {
  head: Uint8Array;
  rows: Float32Array;
  classes: readonly string[];
}): Float32Array {
  return predict(underClasses(decodeHead(head), classes), rows);
}

export function suggestionModel(fit: SuggestionFit): SuggestionModel {
  return fitSuggestion(fit);
}

export function figures(judged: Judged): WholeFigures {
  return wholeFigures(judged);
}

function learner(key: number): LearnerCore | NumberLearner {
  const own = learners.get(key);
  if (!own) throw new Error(`no learner ${key} in this thread`);
  return own;
}

function withHead(key: number): LearnerCore {
  const own = learner(key);
  if (own instanceof NumberLearner) throw new Error(`learner ${key} has no head`);
  return own;
}
