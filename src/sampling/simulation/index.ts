/** Replays labeled sets through the learner and compares strategies: behind `headstart simulate` and the benchmarks. */
export { BASELINE, type CurvePoint, type Gain, type Summary, summarise, type Trial } from './compare.ts';
export { type Curve, type ReplayOptions, replay, subPool } from './replay.ts';
export { gather, oneHot, type SimulationSet } from './set.ts';
export {
  area,
  holm,
  isotonic,
  labelsSaved,
  labelsSavedInPair,
  mean,
  meanCurve,
  meanInterval,
  savedInterval,
  wilcoxon,
} from './statistics.ts';
