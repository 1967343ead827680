/** What is shown of rules: their figures, and tasks they are about. */
import type { Reply } from '../server/contract/index.ts';
import type { Row } from './output.ts';

export function figures(rule: Reply<'ruleReport'>['rules'][number]): Row {
  const { id, labels, hits, coverage, overlap, conflict, precision, estimated, covers, fault } = rule;
  return {
    rule: id,
    labels: labels.join(', '),
    hits,
    coverage: rounded(coverage),
    overlap: rounded(overlap),
    conflict: rounded(conflict),
    precision: precision && rounded(precision.share),
    from: precision && rounded(precision.low),
    to: precision && rounded(precision.high),
    checked: precision?.n ?? 0,
    counts: rule.counts,
    estimated: estimated && rounded(estimated),
    alone: covers,
    fault,
  };
}

export function shown(
  list: string,
  { task, text, votes, annotated, facts }: Reply<'rulePreview'>['hits'][number],
): Row {
  const says = votes.map(({ rule, label }) => `${rule}: ${label}`).join(', ');
  const known = facts.map(({ path, value }) => `${path} ${value ?? '?'}`).join(', ');
  return { list, task, votes: says, annotated: annotated.join(', '), ...(known === '' ? {} : { facts: known }), text };
}

export function summary({ tasks, coverage, conflict, ms }: Reply<'rulePreview'>): string {
  return `${tasks} tasks in ${ms.toFixed(0)} ms: ${percent(coverage)} covered, ${percent(conflict)} with conflicts.`;
}

/** Figures of the whole set; of span rules, how their spans compare with those that people marked. */
export function totals({ tasks, annotated, coverage, overlap, conflict, accuracy, spans }: Reply<'ruleReport'>): Row {
  const exact = spans && {
    span_precision: spans.precision && rounded(spans.precision.share),
    spans_marked: spans.precision?.n ?? 0,
    span_recall: spans.recall && rounded(spans.recall.share),
    spans_wanted: spans.recall?.n ?? 0,
  };
  return { tasks, annotated, coverage, overlap, conflict, accuracy, ...exact };
}

function rounded(share: number): number {
  return Math.round(1e4 * share) / 1e4;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
