/** From raw matches to votes: veto and priority, decided inside each task. */
import { type CompiledRules, NO_LABEL } from './compile.ts';
import { type RuleVotes, takeRows } from './votes.ts';

/**
 * Strikes out what other rules overrule, and rows that vote for nothing.
 *
 * Vetoes look at all matches at once, so two rules may veto each other and both fall; a veto reaches rules of its own or
 * lower priority. Of what is left, only rows of the highest priority stand. Span rules are judged by the task as well.
 */
export function resolveVotes(compiled: CompiledRules, votes: RuleVotes): RuleVotes {
  const { rules } = compiled;
  if (rules.every(({ rule }) => rule.priority === 0 && rule.veto.length === 0)) return votes;
  const keep = new Uint8Array(votes.tasks.length);
  for (let from = 0; from < votes.tasks.length; ) {
    let to = from;
    while (to < votes.tasks.length && votes.tasks[to] === votes.tasks[from]) to++;
    resolveTask(compiled, votes, from, to, keep);
    from = to;
  }
  const kept = new Set<string>();
  for (let i = 0; i < keep.length; i++) {
    if (keep[i] === 1) kept.add(`${votes.tasks[i]} ${votes.rules[i]} ${votes.labels[i]}`);
  }
  const { spans } = votes;
  const rows = votes.tasks.map((_, i) => i).filter((i) => keep[i] === 1);
  const spanRows = spans.tasks
    .map((_, i) => i)
    .filter((i) => kept.has(`${spans.tasks[i]} ${spans.rules[i]} ${spans.labels[i]}`));
  return takeRows(votes, rows, spanRows);
}

function resolveTask({ rules }: CompiledRules, votes: RuleVotes, from: number, to: number, keep: Uint8Array): void {
  /** Label -> highest priority of a rule that vetoes it, with the rule: a rule does not veto itself. */
  const vetoes: { label: number; priority: number; by: number }[] = [];
  for (let i = from; i < to; i++) {
    const by = votes.rules[i]!;
    const { vetoes: labels, rule } = rules[by]!;
    for (const label of labels) vetoes.push({ label, priority: rule.priority, by });
  }
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const label = votes.labels[i]!;
    const { priority } = rules[votes.rules[i]!]!.rule;
    const struck = vetoes.some((one) => one.label === label && one.by !== votes.rules[i] && one.priority >= priority);
    if (label === NO_LABEL || struck) continue;
    keep[i] = 1;
    highest = Math.max(highest, priority);
  }
  for (let i = from; i < to; i++) if (rules[votes.rules[i]!]!.rule.priority < highest) keep[i] = 0;
}
