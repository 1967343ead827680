/** How a project learns, as one interface in plain data: its training policy, its order, and what its model gets wrong. */
import type { Job } from '../../core/domain.ts';
import type { RetrainRule } from '../retrain-policy.ts';

export interface LearningApi {
  /** Would a training start now, and why? Starts nothing. */
  trainingPlan(projectId: number): Promise<TrainingPlan>;
  /** Asks the policy as an answer would (webhooks, timers elsewhere): trains when one of its rules is met. */
  askToTrain(projectId: number): Promise<{ plan: TrainingPlan; job: Job | null }>;
}

export interface TrainingPlan {
  readonly wouldTrain: boolean;
  /** One sentence for people: why, or why not. */
  readonly sentence: string;
  /** Rules that are switched on. */
  readonly rules: readonly RetrainRule[];
  /** What keeps any training from coming to something, or from being served; null when nothing does. */
  readonly obstacle: string | null;
  /** The training that waits or runs: there is never a second one at once. */
  readonly jobId: number | null;
  /** Labeled tasks that a training would learn from. */
  readonly labels: number;
}
