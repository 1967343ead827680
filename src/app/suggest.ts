/** From class probabilities to the suggestion that a person sees. */
import type { Task } from '../core/domain.ts';
import { choicesOfResult } from '../labelconfig/index.ts';
import type { PredictionView } from './app.ts';
import type { Loop } from './loop.ts';
import type { ProjectConfig } from './project-config.ts';

export interface Suggestion {
  readonly labels: readonly string[];
  /** Calibrated probability that the suggestion is right. */
  readonly score: number;
}

/** A multi-label class is suggested from this probability on. */
const MULTIPLE_THRESHOLD = 0.5;

/**
 * The live head's opinion of one task, or null where it has none. It comes with the order; among many people, whatever
 * did not is answered by the active version's stored vote, because nobody should wait for a thread that ranks.
 */
export async function suggestionFor(
  loop: Loop,
  task: Task,
  { shared, stored }: { shared: boolean; stored: () => Promise<PredictionView | undefined> },
): Promise<Suggestion | null> {
  const known = loop.known(task.ordinal);
  if (known) return chooseLabels(loop.config, known);
  if (!shared) {
    const probabilities = await loop.suggest(task.ordinal);
    return probabilities && chooseLabels(loop.config, probabilities);
  }
  const vote = await stored();
  if (!vote || vote.score === null || loop.config.control === null) return null;
  return { labels: choicesOfResult(loop.config.control, vote.result), score: vote.score };
}

/** The most probable class, or all above one half where several may hold; null when there is no class. */
export function chooseLabels(
  { classes, control }: Pick<ProjectConfig, 'classes' | 'control'>,
  probabilities: ArrayLike<number>,
): Suggestion | null {
  const all = Array.from(probabilities);
  if (!control?.multiple) {
    const best = all.indexOf(Math.max(...all));
    return classes[best] === undefined ? null : { labels: [classes[best]], score: all[best]! };
  }
  const labels = classes.filter((_, i) => all[i]! >= MULTIPLE_THRESHOLD);
  // The answer is as sure as its least sure part, chosen or not.
  return { labels, score: Math.min(...all.map((p) => Math.max(p, 1 - p))) };
}
