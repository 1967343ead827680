/** Rules off the serving thread: a port. Nothing here is bound to a thread; a rule that hangs costs only its own votes. */
import type {
  DocumentCheck,
  DocumentOptions,
  ListedRule,
  Rule,
  RuleFigures,
  RuleLists,
  RuleVotes,
  SpanCounts,
  Suggestion,
  SuggestOptions,
  TaskTruth,
  TaskView,
  VoteDifference,
} from '../rules/index.ts';

/** Rules to be matched together. Threads keep what they compiled by its key, so equal keys must mean equal rules. */
export interface RuleProgram {
  readonly key: string;
  readonly rules: readonly Rule[];
  /** Votes are indices into these. */
  readonly labels: readonly string[];
}

export interface MatchedRules {
  /**
   * Veto and priority are settled. `faults` lists rules that threw or overran their time; they have no votes. Tasks are
   * numbered from `firstTask`.
   */
  readonly votes: RuleVotes;
  /** (rules) milliseconds of each rule, estimated from a sample of the tasks. */
  readonly ruleMs: Float64Array;
  /** Milliseconds of the scan that all rules share. */
  readonly scanMs: number;
  /** UTF-16 units of text that were scanned. */
  readonly chars: number;
}

export interface RuleExamination {
  /** Votes of consecutive stretches of tasks. */
  readonly parts: readonly RuleVotes[];
  readonly taskCount: number;
  readonly ruleCount: number;
  readonly labelCount: number;
  /** (tasks) what people say. */
  readonly truth: readonly TaskTruth[];
  /** Labels of a task may hold at once. */
  readonly several: boolean;
  /** The rule whose tasks are to be listed. */
  readonly list?: ListedRule & { readonly limit: number };
}

/** Votes of two sets of rules on the same stretches of tasks. */
export interface RuleComparison extends Pick<RuleExamination, 'taskCount' | 'several'> {
  readonly before: readonly RuleVotes[];
  readonly after: readonly RuleVotes[];
}

export interface ExaminedRules {
  readonly rules: readonly RuleFigures[];
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** NaN without annotated tasks that have votes. */
  readonly accuracy: number;
  readonly spans: SpanCounts;
  /** Pairs of rules that contradict each other, most often first. */
  readonly conflicts: readonly { readonly a: number; readonly b: number; readonly tasks: number }[];
  /** Task numbers; null when no rule was named. */
  readonly lists: RuleLists | null;
  /** Tasks on which people speak against a rule, then those on which rules contradict each other; as many as a list holds. */
  readonly contradicted: readonly number[];
}

export interface RuleCompute {
  check(text: string, options: DocumentOptions): Promise<DocumentCheck>;
  match(program: RuleProgram, tasks: readonly TaskView[], firstTask: number): Promise<MatchedRules>;
  examine(examination: RuleExamination): Promise<ExaminedRules>;
  compare(comparison: RuleComparison): Promise<VoteDifference>;
  suggest(texts: readonly string[], truth: Int32Array, label: number, options: SuggestOptions): Promise<Suggestion[]>;
  /** @param marked (texts) spans of the label. */
  suggestSpans(
    texts: readonly string[],
    marked: readonly (readonly { readonly start: number; readonly end: number }[])[],
    options: SuggestOptions,
  ): Promise<Suggestion[]>;
}
