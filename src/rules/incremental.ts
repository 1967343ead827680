/** What has to be done again when a set of rules changes, and the new votes from the old ones plus that. */
import type { Rule } from './rule.ts';
import { mergeVotes, type RuleVotes, renumberRules } from './votes.ts';

export interface RuleChanges {
  /** Indices into the new rules: new, changed or switched on. Only these are applied to tasks that were done before. */
  readonly apply: readonly number[];
  /** Old index -> new index of rules whose votes stay as they are. */
  readonly keep: ReadonlyMap<number, number>;
}

/** Rules are the same when id and version are; what was switched off has no votes to keep. */
export function ruleChanges(before: readonly Rule[], after: readonly Rule[]): RuleChanges {
  const key = (rule: Rule): string => `${rule.id}@${rule.version}`;
  const old = new Map(before.map((rule, i) => [key(rule), i] as const));
  const apply: number[] = [];
  const keep = new Map<number, number>();
  after.forEach((rule, i) => {
    const was = old.get(key(rule));
    if (was !== undefined && before[was]!.enabled === rule.enabled) keep.set(was, i);
    else if (rule.enabled) apply.push(i);
  });
  return { apply, keep };
}

/**
 * The votes of the new rules on the same tasks: kept ones of `before`, and `added`, which holds the votes of the rules
 * `changes.apply` compiled alone, in that order. Equal, bit for bit, to applying all new rules at once.
 */
export function updateVotes(before: RuleVotes, added: RuleVotes, changes: RuleChanges): RuleVotes {
  const kept = renumberRules(before, (rule) => changes.keep.get(rule) ?? -1);
  const fresh = renumberRules(added, (rule) => changes.apply[rule] ?? -1);
  return mergeVotes([kept, fresh], before.taskCount);
}
