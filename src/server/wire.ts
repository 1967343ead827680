/** Domain objects in the words of the wire, and back. */

import type {
  AnswerInput,
  Insights,
  PredictionView,
  ProjectInput,
  QueueItem,
  QueueState,
  ShareWithInterval,
  VoteView,
} from '../app/app.ts';
import type {
  Annotation,
  Job,
  ModelVersion,
  Prediction,
  Project,
  ProjectSettings,
  Run,
  Task,
  Token,
} from '../core/domain.ts';
import type {
  AnnotationWire,
  Body,
  InsightsWire,
  JobEventWire,
  JobWire,
  ModelWire,
  NextWire,
  PredictionWire,
  ProjectWire,
  QueueStateWire,
  RunWire,
  SettingsWire,
  TaskDetailWire,
  TaskWire,
  TokenWire,
  VoteWire,
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

export function projectWire(project: Project, counts: Counts): ProjectWire {
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
    predictions: predictions.map((prediction) => predictionWire(prediction, task.projectId)),
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

export function predictionWire(prediction: PredictionView, projectId: number): PredictionWire {
  return {
    id: prediction.id,
    task: prediction.taskId,
    project: projectId,
    result: prediction.result,
    score: prediction.score,
    model_version: prediction.modelVersion,
    run: prediction.runId,
    created_at: prediction.createdAt,
  };
}

/** A stored prediction; its version is known only where it is read together with its task. */
export function storedPredictionWire(prediction: Prediction, modelVersion: string | null): PredictionWire {
  return {
    id: prediction.id,
    task: prediction.taskId,
    project: prediction.projectId,
    result: prediction.result,
    score: prediction.score,
    model_version: modelVersion,
    run: prediction.runId,
    created_at: prediction.createdAt,
  };
}

export function nextWire(item: QueueItem): NextWire {
  return {
    ...taskWire(item.task),
    annotations: [],
    predictions: item.prediction === null ? [] : [storedPredictionWire(item.prediction, null)],
    drafts: [],
    reason: item.reason,
    blind: item.blind,
    lease_expires_at: new Date(item.leaseExpiresAt).toISOString(),
  };
}

export function queueStateWire(state: QueueState): QueueStateWire {
  return {
    strategy: state.strategy,
    embedder: state.embedder,
    phase: state.phase,
    ranked: state.ranked,
    tasks: state.tasks,
    annotations_until_retrain: state.annotationsUntilRetrain,
    model_version: state.modelVersion,
    model_number: state.modelNumber,
  };
}

export function insightsWire(insights: Insights): InsightsWire {
  const { acceptance, blindAccuracy, timeSaved } = insights;
  return {
    curve: insights.curve.map((point) => ({ ...accuracyWire(point), labels: point.labels })),
    acceptance: acceptance && {
      shown: acceptance.n,
      accepted: acceptance.hits,
      rate: acceptance.share,
      low: acceptance.low,
      high: acceptance.high,
    },
    blind_accuracy: blindAccuracy && accuracyWire(blindAccuracy),
    time_saved: timeSaved && {
      aided_ms: timeSaved.aidedMs,
      blind_ms: timeSaved.blindMs,
      saved: timeSaved.saved,
      low: timeSaved.low,
      high: timeSaved.high,
      n_aided: timeSaved.aided,
      n_blind: timeSaved.blind,
    },
    bias: insights.bias,
  };
}

function accuracyWire({ n, hits, share, low, high }: ShareWithInterval) {
  return { n, correct: hits, accuracy: share, low, high };
}

export function voteWire(vote: VoteView): VoteWire {
  return {
    labeler: vote.labeler,
    kind: vote.kind,
    run: vote.runId,
    control: vote.control,
    label: vote.label,
    score: vote.score,
  };
}

export function runWire(run: Run): RunWire {
  return {
    id: run.id,
    project: run.projectId,
    kind: run.kind,
    labeler: run.labelerId,
    summary: run.summary,
    params: run.params,
    state: run.state,
    written: run.written,
    created_at: run.createdAt,
    finished_at: run.finishedAt,
    revoked_at: run.revokedAt,
  };
}

/** Without parameters and output: annotators see it too. */
export function jobEventWire(job: Job): JobEventWire {
  return {
    id: job.id,
    project: job.projectId,
    kind: job.kind,
    state: job.state,
    stage: job.stage,
    done: job.done,
    total: job.total,
    failed: job.failed,
    attempts: job.attempts,
    cancel_requested: job.cancelRequested,
    error: job.error && { code: job.error.code, detail: job.error.message },
    revision: job.revision,
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  };
}

export function jobWire(job: Job): JobWire {
  return { ...jobEventWire(job), params: job.params, output: job.output };
}

export function modelWire(model: ModelVersion): ModelWire {
  return {
    id: model.id,
    project: model.projectId,
    control: model.control,
    version: model.version,
    number: model.number,
    embedder: model.embedder,
    trained_on: model.trainedOn,
    metrics: model.metrics,
    active: model.active,
    verdict: model.verdict,
    created_at: model.createdAt,
  };
}

export function tokenWire(token: Token): TokenWire {
  return {
    id: token.id,
    annotator: token.annotatorId,
    role: token.role,
    project: token.projectId,
    label: token.label,
    created_at: token.createdAt,
    revoked_at: token.revokedAt,
  };
}
