/** Projects, tasks, annotations and predictions in the words of the wire, and back. */

import type { ProjectInput } from '../app/projects/api.ts';
import type { AnswerInput } from '../app/queue/api.ts';
import type { PredictionView } from '../app/suggestions/api.ts';
import type { Annotation, Project, ProjectSettings, Task } from '../core/domain.ts';
import type {
  AnnotationWire,
  Body,
  PredictionWire,
  ProjectWire,
  SettingsWire,
  TaskDetailWire,
  TaskWire,
} from './contract/index.ts';

/** What the app counts in a project. */
export interface Counts {
  readonly tasks: number;
  readonly labeledTasks: number;
  readonly finishedTasks: number;
  readonly annotations: number;
  readonly skipped: number;
  readonly groundTruth: number;
}

/** Leaves out what is undefined, so that optional fields stay absent. */
export function compact<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** `predictions`: how many are stored. */
export function projectWire(project: Project, counts: Counts, predictions: number): ProjectWire {
  return {
    id: project.id,
    title: project.title,
    description: project.description,
    label_config: project.labelConfig,
    expert_instruction: project.instruction,
    show_instruction: project.instruction !== '',
    is_archived: project.archivedAt !== null,
    archived_at: project.archivedAt,
    created_at: project.createdAt,
    updated_at: project.updatedAt,
    maximum_annotations: project.settings.overlap,
    sampling: samplingOf(project.settings.queryStrategy),
    settings: settingsWire(project.settings),
    task_number: counts.tasks,
    finished_task_number: counts.finishedTasks,
    num_tasks_with_annotations: counts.labeledTasks,
    total_annotations_number: counts.annotations,
    skipped_annotations_number: counts.skipped,
    ground_truth_number: counts.groundTruth,
    useful_annotation_number: Math.max(0, counts.annotations - counts.groundTruth),
    total_predictions_number: predictions,
    queue_total: counts.tasks,
    queue_done: counts.finishedTasks,
    // One without any is refused when it is saved.
    config_has_control_tags: project.labelConfig !== '',
    config_suitable_for_bulk_annotation: false,
    start_training_on_annotation_update: project.settings.retrainEvery > 0,
  };
}

/** Label Studio's three samplings; any policy of ours is the third. */
const STRATEGY_OF_SAMPLING = { 'Sequential sampling': 'sequential', 'Uniform sampling': 'random' } as const;

function samplingOf(strategy: string): ProjectWire['sampling'] {
  if (strategy === 'sequential') return 'Sequential sampling';
  return strategy === 'random' ? 'Uniform sampling' : 'Uncertainty sampling';
}

function settingsWire(settings: ProjectSettings): SettingsWire {
  return {
    query_strategy: settings.queryStrategy,
    seed: settings.seed,
    overlap: settings.overlap,
    blind_share: settings.blindShare,
    lease_seconds: settings.leaseSeconds,
    retrain_every: settings.retrainEvery,
    retrain_every_verified: settings.retrainEveryVerified,
    retrain_every_hours: settings.retrainEveryHours,
    retrain_on_drift: settings.retrainOnDrift,
    embedder: settings.embedder,
    pinned_version: settings.pinnedVersion,
  };
}

/** `settings` wins over Label Studio's words for the same thing. */
export function projectInput(body: Body<'projectCreate'>): ProjectInput {
  const sampling = body.sampling;
  const strategy = sampling === 'Uncertainty sampling' ? undefined : sampling && STRATEGY_OF_SAMPLING[sampling];
  const given = body.settings ?? {};
  const settings = compact({
    queryStrategy: given.query_strategy ?? strategy,
    seed: given.seed,
    overlap: given.overlap ?? body.maximum_annotations,
    blindShare: given.blind_share,
    leaseSeconds: given.lease_seconds,
    retrainEvery: given.retrain_every,
    retrainEveryVerified: given.retrain_every_verified,
    retrainEveryHours: given.retrain_every_hours,
    retrainOnDrift: given.retrain_on_drift,
    embedder: given.embedder,
  });
  return compact({
    title: body.title,
    description: body.description ?? undefined,
    instruction: body.expert_instruction ?? undefined,
    labelConfig: body.label_config,
    settings: Object.keys(settings).length === 0 ? undefined : settings,
  });
}

export function taskWire(task: Task): TaskWire {
  return {
    id: task.id,
    project: task.projectId,
    inner_id: task.ordinal + 1,
    data: task.data,
    meta: task.meta,
    created_at: task.createdAt,
    updated_at: task.updatedAt,
  };
}

export function taskDetailWire(
  task: Task,
  overlap: number,
  annotations: readonly Annotation[],
  predictions: readonly PredictionView[],
): TaskDetailWire {
  const given = annotations.filter((annotation) => !annotation.skipped);
  return {
    ...taskWire(task),
    is_labeled: given.length >= overlap,
    overlap,
    total_annotations: given.length,
    cancelled_annotations: annotations.length - given.length,
    total_predictions: predictions.length,
    annotations: annotations.map(annotationWire),
    predictions: predictions.map((prediction) => predictionWire(prediction)),
    drafts: [],
  };
}

export function annotationWire(annotation: Annotation): AnnotationWire {
  return {
    id: annotation.id,
    task: annotation.taskId,
    project: annotation.projectId,
    completed_by: annotation.annotatorId,
    result: annotation.result,
    result_count: annotation.result.length,
    was_cancelled: annotation.skipped,
    ground_truth: annotation.groundTruth,
    lead_time: annotation.visibleMs === null ? null : annotation.visibleMs / 1000,
    visible_ms: annotation.visibleMs,
    parent_prediction: annotation.parentPrediction,
    parent_annotation: null,
    unique_id: annotation.submissionId,
    via: annotation.via,
    outcome: annotation.outcome,
    difference: annotation.difference,
    blind: annotation.blind,
    note: annotation.note,
    run: annotation.runId,
    created_at: annotation.createdAt,
    updated_at: annotation.updatedAt,
  };
}

/** What a client says of its answer, without the task. */
export function answerInput(body: Body<'annotationUpdate'>): Partial<AnswerInput> {
  const seconds = body.lead_time;
  return compact({
    result: body.result,
    skipped: body.was_cancelled,
    groundTruth: body.ground_truth,
    visibleMs: body.visible_ms ?? (typeof seconds === 'number' ? Math.round(seconds * 1000) : seconds),
    via: body.via,
    parentPrediction: body.parent_prediction,
    note: body.note,
  });
}

export function predictionWire(prediction: PredictionView): PredictionWire {
  return {
    id: prediction.id,
    task: prediction.taskId,
    project: prediction.projectId,
    result: prediction.result,
    score: prediction.score,
    model_version: prediction.modelVersion,
    run: prediction.runId,
    created_at: prediction.createdAt,
  };
}
