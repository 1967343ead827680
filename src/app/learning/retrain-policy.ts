/** When a project trains by itself: each rule of its policy, what it stands on, and one sentence for people. */
import type { ProjectSettings } from '../../core/domain.ts';
import type { DriftFigures } from './drift.ts';

/** What the last training saw, or the last request for one. */
export interface TrainedAt {
  /** Labeled tasks. */
  readonly labels: number;
  /** Tasks with ground truth. */
  readonly verified: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface RetrainFacts {
  readonly labels: number;
  readonly verified: number;
  readonly trained: TrainedAt;
  readonly drift: DriftFigures;
  readonly now: number;
}

export interface RetrainRule {
  readonly name: 'annotations' | 'verified' | 'schedule' | 'drift';
  readonly met: boolean;
  readonly sentence: string;
}

type Policy = Pick<ProjectSettings, 'retrainEvery' | 'retrainEveryVerified' | 'retrainEveryHours' | 'retrainOnDrift'>;

const HOUR_MS = 3_600_000;
/** With fewer blind answers chance alone looks like drift. */
const DRIFT_ANSWERS_MIN = 20;
/** Standard errors by which suggestions have to be worse than they claim: one false alarm in a hundred. */
const DRIFT_ERRORS_MIN = 2.33;

/** The rules that are switched on, each with whether it is met now. Any of them that is met asks for a training. */
export function retrainRules(policy: Policy, facts: RetrainFacts): RetrainRule[] {
  const rules: RetrainRule[] = [];
  if (policy.retrainEvery > 0) rules.push(byCount('annotations', 'new labeled task', policy.retrainEvery, facts));
  if (policy.retrainEveryVerified > 0) {
    rules.push(byCount('verified', 'new verified task', policy.retrainEveryVerified, facts));
  }
  if (policy.retrainEveryHours > 0) rules.push(bySchedule(policy.retrainEveryHours, facts));
  if (policy.retrainOnDrift) rules.push(byDrift(facts.drift));
  return rules;
}

function byCount(name: 'annotations' | 'verified', what: string, every: number, facts: RetrainFacts): RetrainRule {
  const count = name === 'annotations' ? 'labels' : 'verified';
  const fresh = Math.max(0, facts[count] - facts.trained[count]);
  return { name, met: fresh >= every, sentence: `${plural(fresh, what)} since the last training; due at ${every}.` };
}

/** Nothing is trained twice on the same answers. */
function bySchedule(hours: number, { labels, trained, now }: RetrainFacts): RetrainRule {
  const passed = (now - trained.at) / HOUR_MS;
  const fresh = labels !== trained.labels;
  const sentence = fresh
    ? `${passed.toFixed(1)} of ${hours} hours have passed since the last training.`
    : 'No labeled task has come since the last training, so the schedule has nothing to train on.';
  return { name: 'schedule', met: fresh && passed >= hours, sentence };
}

function byDrift({ n, hits, expected, error }: DriftFigures): RetrainRule {
  const enough = n >= DRIFT_ANSWERS_MIN;
  const met = enough && expected - hits > DRIFT_ERRORS_MIN * error;
  const sentence = enough
    ? `${hits} of ${n} hidden suggestions of the random slice were right, ${expected.toFixed(1)} ± ${error.toFixed(1)} were to be expected.`
    : `${plural(n, 'hidden suggestion')} of the random slice answered since the last training; ${DRIFT_ANSWERS_MIN} are needed to see a drift.`;
  return { name: 'drift', met, sentence };
}

function plural(n: number, one: string): string {
  return `${n} ${one}${n === 1 ? '' : 's'}`;
}
