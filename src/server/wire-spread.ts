/** Plans, cards and copies on the wire. */
import type { Card, Duplicates, PlanView } from '../app/spread/api.ts';
import type { Reply } from './contract/index.ts';
import { taskWire } from './wire.ts';

export function planWire({ createdAt, questions, labels, clusters, curve, ...rest }: PlanView): Reply<'spreadPlan'> {
  return {
    ...rest,
    created_at: createdAt,
    questions: questions.map((question) => ({
      ...question,
      evidence: question.evidence.map((one) => ({ ...one })),
      withheld: [...question.withheld],
    })),
    labels: labels.map((label) => ({ ...label, counts: [...label.counts] })),
    clusters: clusters.map((cluster) => ({
      ...cluster,
      representative: [...cluster.representative],
      borderline: [...cluster.borderline],
    })),
    curve: curve.map((point) => ({ ...point })),
  };
}

export function cardWire({ task, labels, ...rest }: Card): Reply<'spreadCards'>['cards'][number] {
  return { task: taskWire(task), labels: [...labels], ...rest };
}

export function duplicatesWire({ groups, total, conflicts }: Duplicates): Reply<'duplicatesGet'> {
  return {
    total,
    conflicts,
    groups: groups.map(({ tasks, measure, labels, open }) => ({
      tasks: [...tasks],
      measure,
      labels: Object.fromEntries(Object.entries(labels).map(([label, ids]) => [label, [...ids]])),
      open: [...open],
    })),
  };
}
