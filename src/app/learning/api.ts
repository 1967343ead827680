/** How a project learns, as one interface in plain data: its training policy, its order, and what its model gets wrong. */
import type { Job, Task } from '../../core/domain.ts';
import type { Measured } from '../../heads/index.ts';
import type { PolicyView } from '../../sampling/index.ts';
import type { QueueReason } from '../queue/api.ts';
import type { ShareWithInterval } from './insights-api.ts';
import type { MapApi } from './map-api.ts';
import type { RetrainRule } from './retrain-policy.ts';

export interface LearningApi extends MapApi {
  /** Would a training start now, and why? Starts nothing. */
  trainingPlan(projectId: number): Promise<TrainingPlan>;
  /** Asks the policy as an answer would (webhooks, timers elsewhere): trains when one of its rules is met. */
  askToTrain(projectId: number): Promise<{ plan: TrainingPlan; job: Job | null }>;
  /** What the serving version gets right and wrong on answers it has not learned from. */
  modelFigures(projectId: number, of: AnswersOf): Promise<ModelFigures>;
  strategies(): readonly PolicyView[];
  /** The first tasks as they stand, and as another strategy or blend (`a:2, b:1`) would put them. Changes nothing. */
  compareOrders(projectId: number, queryStrategy: string, limit: number): Promise<OrderComparison>;
}

/** `blind`: the random slice, a fair sample. `all`: every answer; asked-for ones are harder than the rest. */
export type AnswersOf = 'blind' | 'all';

export interface ModelFigures {
  /** Number of the serving version; null when none serves. */
  readonly version: number | null;
  readonly of: AnswersOf;
  readonly n: number;
  /** Answers without which nothing below is given. */
  readonly needed: number;
  readonly labels: readonly string[];
  readonly accuracy: ShareWithInterval | null;
  readonly macroF1: Measured | null;
  readonly calibrationError: Measured | null;
  readonly perLabel: readonly LabelFigures[];
  /** Cells that are not empty; null where several labels may hold. Indices into `labels`. */
  readonly confusion: readonly ConfusionCell[] | null;
  readonly calibration: readonly CalibrationBin[];
}

export interface LabelFigures {
  readonly label: string;
  readonly precision: ShareWithInterval | null;
  readonly recall: ShareWithInterval | null;
}

export interface ConfusionCell {
  readonly given: number;
  readonly said: number;
  readonly n: number;
  /** The first ones. */
  readonly taskIds: readonly number[];
}

/** How often suggestions of about this confidence (mean, 0..1) were right. */
export interface CalibrationBin extends ShareWithInterval {
  readonly confidence: number;
}

export interface OrderComparison {
  readonly before: readonly RankedTask[];
  readonly after: readonly RankedTask[];
}

export interface RankedTask {
  readonly task: Task;
  readonly reason: QueueReason;
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
