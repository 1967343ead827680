/** What runs inside a compute thread for rules: check, compile, match, examine. The only state is a cache of programs. */
import {
  analyseVotes,
  applyRules,
  type CompiledRules,
  checkRules,
  compileRules,
  contestedTasks,
  type DocumentCheck,
  type DocumentOptions,
  diffVotes,
  mergeVotes,
  resolveVotes,
  ruleLists,
  type Suggestion,
  type SuggestOptions,
  sharedWatch,
  suggestKeywords,
  suggestSpanWords,
  type TaskView,
  type VoteDifference,
} from '../rules/index.ts';
import type { ExaminedRules, MatchedRules, RuleComparison, RuleExamination, RuleProgram } from './rules-compute.ts';

/** Compiled programs of the last projects at work; the oldest goes first. */
const PROGRAMS_MAX = 8;
const programs = new Map<string, CompiledRules>();
/** Pairs beyond these are no longer read by anybody. */
const PAIRS_MAX = 1_000;

export function check({ text, options }: { text: string; options: DocumentOptions }): DocumentCheck {
  return checkRules(text, options);
}

export interface MatchCall {
  readonly program: RuleProgram | { readonly key: string };
  readonly tasks: readonly TaskView[];
  readonly firstTask: number;
  readonly watch: SharedArrayBuffer;
}

/** Null: this thread does not know the program; call again with its rules. */
export function match({ program, tasks, firstTask, watch }: MatchCall): MatchedRules | null {
  const compiled = programs.get(program.key) ?? ('rules' in program ? compile(program) : null);
  if (compiled === null) return null;
  const { votes, cost } = applyRules(compiled, tasks, {
    firstTask,
    watch: sharedWatch(watch),
    clock: () => performance.now(),
  });
  return { votes: resolveVotes(compiled, votes), ...cost };
}

function compile({ key, rules, labels }: RuleProgram): CompiledRules {
  const compiled = compileRules(rules, labels);
  programs.set(key, compiled);
  const [oldest] = programs.keys();
  if (programs.size > PROGRAMS_MAX) programs.delete(oldest!);
  return compiled;
}

export function examine(one: RuleExamination): ExaminedRules {
  const votes = mergeVotes(one.parts, one.taskCount);
  const { list, several, truth } = one;
  const { conflicts, taskCount: _, ...report } = analyseVotes(votes, one.ruleCount, one.labelCount, truth, several);
  return {
    ...report,
    conflicts: pairsOf(conflicts, one.ruleCount),
    lists: list ? ruleLists(votes, list, truth, { limit: list.limit, several }) : null,
    contradicted: contestedTasks(votes, truth, { several }),
  };
}

function pairsOf(conflicts: Uint32Array, ruleCount: number): ExaminedRules['conflicts'] {
  const pairs: { a: number; b: number; tasks: number }[] = [];
  for (let a = 0; a < ruleCount; a++) {
    for (let b = a + 1; b < ruleCount; b++) {
      const tasks = conflicts[a * ruleCount + b]!;
      if (tasks > 0) pairs.push({ a, b, tasks });
    }
  }
  return pairs.sort((x, y) => y.tasks - x.tasks || x.a - y.a || x.b - y.b).slice(0, PAIRS_MAX);
}

export function compare({ before, after, taskCount, several }: RuleComparison): VoteDifference {
  return diffVotes(mergeVotes(before, taskCount), mergeVotes(after, taskCount), several);
}

export function suggest({
  texts,
  truth,
  label,
  options,
}: {
  texts: readonly string[];
  truth: Int32Array;
  label: number;
  options: SuggestOptions;
}): Suggestion[] {
  return suggestKeywords(texts, truth, label, options);
}

export function suggestSpans({
  texts,
  marked,
  options,
}: {
  texts: readonly string[];
  marked: readonly (readonly { readonly start: number; readonly end: number }[])[];
  options: SuggestOptions;
}): Suggestion[] {
  return suggestSpanWords(texts, marked, options);
}
