/** From annotations to what a head learns: the share of each class among the answers of a task. */
import type { Annotation } from '../../core/domain.ts';
import { choicesOfResult } from '../../labelconfig/index.ts';
import type { Store } from '../../store/store.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** What is on record of an answer that no suggestion was shown for, or held against. */
export const UNAIDED = {
  parentPrediction: null,
  outcome: 'unaided',
  difference: {},
  blind: false,
  blindResult: null,
} as const;

/**
 * classCount shares in 0..1, or null when nobody has answered. Ground truth outweighs everybody else.
 * Labels that the config no longer has are left out: they stay on record but teach nothing.
 */
export function sharesOf(config: ProjectConfig, annotations: readonly Annotation[]): number[] | null {
  const answers = annotations.filter((annotation) => !annotation.skipped);
  const truths = answers.filter((annotation) => annotation.groundTruth);
  const chosen = (truths.length > 0 ? truths : answers)
    .map((annotation) => classesOf(config, annotation))
    .filter((classes) => classes.length > 0 || config.control?.multiple);
  if (chosen.length === 0) return null;
  const shares = new Array<number>(config.classes.length).fill(0);
  for (const classes of chosen) for (const index of classes) shares[index]! += 1 / chosen.length;
  return shares;
}

/** The label that most answers gave; null where none was given, or several as often. */
export function mostGiven(config: ProjectConfig, shares: readonly number[] | null): string | null {
  const most = Math.max(0, ...(shares ?? []));
  const leading = config.classes.filter((_, index) => shares?.[index] === most);
  return most > 0 && leading.length === 1 ? leading[0]! : null;
}

/** What a head learns of a task: what people say who looked at it; where nobody did, what was accepted in bulk. */
export function lessonOf(
  config: ProjectConfig,
  annotations: readonly Annotation[],
  promotions: ReadonlySet<number>,
): Lesson {
  const byPeople = sharesOf(config, ofPeople(annotations, promotions));
  return { shares: byPeople ?? sharesOf(config, annotations), proven: byPeople !== null };
}

export interface Lesson {
  /** As of `sharesOf`. */
  readonly shares: number[] | null;
  /** A person says so: it may prove something about machines. */
  readonly proven: boolean;
}

/** Runs whose annotations are machine labels by another name: they prove nothing about machines. */
export async function promotionRuns(store: Store, projectId: number): Promise<ReadonlySet<number>> {
  return new Set((await store.runs.list(projectId)).flatMap((run) => (run.kind === 'promote' ? [run.id] : [])));
}

/** Annotations that somebody has made looking at the task. */
export function ofPeople<T extends { readonly runId: number | null }>(
  annotations: readonly T[],
  promotions: ReadonlySet<number>,
): T[] {
  return annotations.filter(({ runId }) => runId === null || !promotions.has(runId));
}

/** Does the answer say what the suggestion said that it is held against, shown or hidden? */
export function saysTheSame({ difference }: Pick<Annotation, 'difference'>): boolean {
  return [difference.changed, difference.added, difference.removed].every((count) => count === 0);
}

/** Class indices that an annotation chose for the learned control. */
export function classesOf(config: ProjectConfig, annotation: Pick<Annotation, 'result'>): number[] {
  if (config.control === null) return [];
  return choicesOfResult(config.control, annotation.result)
    .map((label) => config.classes.indexOf(label))
    .filter((index) => index >= 0);
}
