/**
 * Label models: from the votes of any labelers to posteriors, with an estimate of how good each labeler is.
 *
 * ```ts
 * const table = voteTable({ rowCount, voterCount, classCount, rows, voters, classes });
 * const { model, reason } = selectModel(table, gold); // majority unless something is surely better
 * const posterior = posteriorOf(model, table); // rows without votes keep the prior and are not covered
 * ```
 *
 * Everything here is pure: plain data and typed arrays in and out, no randomness.
 */
export { calibrated } from './calibrate.ts';
export { type DawidSkeneOptions, dawidSkene } from './dawid-skene.ts';
export { agreementOf, type Election, elect } from './elect.ts';
export type { GoldCounts } from './expectation.ts';
export { majority, weightedMajority } from './majority.ts';
export {
  accuracyOf,
  confusionsOf,
  creditOf,
  type LabelModel,
  labelsOf,
  type Posterior,
  posteriorOf,
  priorFromGold,
  TIE,
  uniformPrior,
} from './model.ts';
export { type MomentOptions, momentModel } from './moment.ts';
export { labelTable, type MultiLabelPosterior, NO, oneSidedVoters, oneVsRest, YES } from './multilabel.ts';
export {
  CANDIDATES,
  type Candidate,
  type CandidateScore,
  type FitInput,
  type Selection,
  type SelectOptions,
  selectModel,
} from './select.ts';
export { type ScoredSpan, type SpanText, spanRows, type TextSpan, weighSpans } from './span-suggestion.ts';
export {
  decodeSpans,
  OUTSIDE,
  type SpanScore,
  spanClassCount,
  spanF1,
  type TokenSpan,
  tokenClasses,
  tokenVoteRows,
  tokenVotes,
} from './spans.ts';
export { type RowVotes, VoteStream } from './stream.ts';
export {
  fitSuggestion,
  type Opinion,
  type SuggestionFit,
  type SuggestionModel,
  type VoterVote,
  weighVotes,
} from './suggestion.ts';
export { goldCounts, type SupervisedOptions, supervisedModel } from './supervised.ts';
export { type TripletOptions, tripletModel } from './triplet.ts';
export { ABSTAIN, type VoteRows, type VoteTable, voteShares, voteTable, voteTableFromDense } from './votes.ts';
