/**
 * Rules: small documents that label texts in bulk.
 *
 * ```ts
 * const set = parseRules(yaml, { labels: ['ham', 'spam'] });
 * const compiled = compileRules(set.rules, ['ham', 'spam']);
 * const { votes } = applyRules(compiled, [{ data: { text: 'Click here to unsubscribe' } }]);
 * const report = analyseVotes(resolveVotes(compiled, votes), set.rules.length, 2);
 * ```
 *
 * Everything here is pure: plain data and typed arrays in and out. Offsets are UTF-16 units, end exclusive; votes are
 * indices into the label list that `compileRules` was given.
 */

export { type Interval, wilsonInterval } from '../core/intervals.ts';
export { analyseVotes, type RuleFigures, type RuleReport, type SpanCounts } from './analysis.ts';
export {
  contestedTasks,
  diffVotes,
  type ListedRule,
  type RuleLists,
  ruleLists,
  type VoteDifference,
} from './analysis-lists.ts';
export { type Applied, type ApplyOptions, type ApplyWatch, applyRules, type RuleCost } from './apply.ts';
export { type CompiledRule, type CompiledRules, type CompileOptions, compileRules, NO_LABEL } from './compile.ts';
export {
  checkRules,
  type DocumentCheck,
  type DocumentOptions,
  parseRules,
  RULE_SCHEMA,
  ruleSet,
  ruleVersion,
} from './document.ts';
export { matchFields, normalPath } from './document-condition.ts';
export { conditionsIn, FACT_PATHS, type FactOf, factAt, factOf, factsIn, PIXEL_FACTS } from './facts.ts';
export { type ImportOptions, rulesFromCsv } from './import-csv.ts';
export { rulesFromSpacy, type SpacyImport } from './import-spacy.ts';
export { type RuleChanges, ruleChanges, updateVotes } from './incremental.ts';
export { compilePattern, type Pattern, type PatternVerdict } from './pattern.ts';
export { resolveVotes } from './resolve.ts';
export type * from './rule.ts';
export { ruleSchema } from './schema.ts';
export { type Suggestion, type SuggestOptions, suggestKeywords } from './suggest.ts';
export { suggestSpanWords } from './suggest-spans.ts';
export type { TaskRegion, TaskView } from './task-view.ts';
export type { Place, TaskTruth } from './voters.ts';
export { mergeVotes, type RuleFault, type RuleSpans, type RuleVotes, renumberRules, withdrawRules } from './votes.ts';
export { type Overrun, overrunDetector, sharedWatch, WATCH_BYTES } from './watch.ts';
