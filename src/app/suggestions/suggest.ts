/** From class probabilities and votes to the suggestion that a person sees. */
import { type Opinion, TIE } from '../../consensus/index.ts';
import type { Region } from '../../core/domain.ts';
import { type Control, regionFromChoice } from '../../labelconfig/index.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { LABEL_MODEL_NAME } from './label-model-body.ts';
import type { Weigher } from './label-models.ts';

export interface Choice {
  readonly labels: readonly string[];
  /** Calibrated probability that the choice is right. */
  readonly score: number;
}

export interface Suggestion {
  readonly labels: readonly string[];
  /** Calibrated probability that it is right; null while too few answers say how far its votes can be trusted. */
  readonly score: number | null;
  /** Who says so: the head alone, or the label model over all votes. */
  readonly name: string;
  readonly version: string;
}

/** A multi-label class is suggested from this probability on. */
const MULTIPLE_THRESHOLD = 0.5;

/** The suggestion that an opinion over votes makes. Equal votes for two classes make none. */
export function weighed(config: ProjectConfig, { version }: Weigher, opinion: Opinion | null): Suggestion | null {
  if (opinion === null) return null;
  const { probabilities, measured } = opinion;
  const most = Math.max(...probabilities);
  if (!config.control?.multiple && probabilities.filter((p) => p > most - TIE).length > 1) return null;
  const choice = chooseLabels(config, probabilities);
  // That none of several labels holds is only said when it is known to be so.
  if (choice === null || (choice.labels.length === 0 && !measured)) return null;
  return { labels: choice.labels, score: measured ? choice.score : null, name: LABEL_MODEL_NAME, version };
}

/** The most probable class, or all above one half where several may hold; null when there is no class. */
export function chooseLabels(
  { classes, control }: Pick<ProjectConfig, 'classes' | 'control'>,
  probabilities: ArrayLike<number>,
): Choice | null {
  const all = Array.from(probabilities);
  if (!control?.multiple) {
    const best = all.indexOf(Math.max(...all));
    return classes[best] === undefined ? null : { labels: [classes[best]], score: all[best]! };
  }
  const labels = classes.filter((_, i) => all[i]! >= MULTIPLE_THRESHOLD);
  // The answer is as sure as its least sure part, chosen or not.
  return { labels, score: Math.min(...all.map((p) => Math.max(p, 1 - p))) };
}

/** The suggestion as a region; without a score where there is none. */
export function choiceRegion(control: Control, labels: readonly string[], score: number | null): Region {
  return regionFromChoice(control, labels, score === null ? {} : { score });
}
