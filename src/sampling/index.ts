/** `headstart/sampling`: query strategies, the queue's order, and the learner that ties both to a head. */
export { classBalanced, interleave, type Share } from './combine.ts';
export type { Committee } from './committee.ts';
export { COST_WIDTH, costNormalised, perCost } from './cost.ts';
export { Coverage, type CoverageKernel } from './coverage.ts';
export type { Duel } from './duel.ts';
export { type GivenLabel, type LabelError, type LabelErrors, labelErrors } from './label-errors.ts';
export { guessByName, type LabelNames, labelNames } from './label-names.ts';
export type { Target } from './labels.ts';
export {
  Learner,
  type LearnerOptions,
  type OrderOptions,
  type Ranked,
  type Refit,
  type Suggestion,
} from './learner.ts';
export { NumberLearner, type NumberLearnerOptions } from './number-learner.ts';
export {
  type Asked,
  checkPolicy,
  fittingPolicy,
  POLICIES,
  type Policy,
  type PolicyView,
  policyOf,
} from './policies.ts';
export { type CurvePoint, type Estimate, type Projection, projectCurve } from './projection.ts';
export { explain, type Reason } from './reason.ts';
export { DEFAULT_STRATEGY, QUERY_STRATEGIES, queryStrategy } from './registry.ts';
export {
  type NumberLabels,
  predictNumbers,
  type RegressionCommittee,
  trainRegressionCommittee,
} from './regression.ts';
export { RowStore, type Rows } from './rows.ts';
export { type Agreement, agreementOf, type StopAdvice, type StopCheck, stopAdvice } from './stopping.ts';
export type { Pick, PoolPredictions, QueryContext, QueryStrategy } from './strategy.ts';
export { KeptOrder, structuredOrder } from './structured/order.ts';
export { STRUCTURED_SCORES, structuredScore } from './structured/registry.ts';
export type { Ragged, StructuredScore } from './structured/score.ts';
