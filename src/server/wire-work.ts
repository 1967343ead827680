/** The queue, its insights, runs, jobs, models and tokens in the words of the wire. */

import { actsOn } from '../app/jobs/job-acts.ts';
import { shownParams } from '../app/jobs/jobs.ts';
import { secondsLeft } from '../app/jobs/pace.ts';
import type { DoubtfulAnnotations, InsightsWithAdvice, ShareWithInterval } from '../app/learning/insights-api.ts';
import type { VoteView } from '../app/projects/api.ts';
import type { QueueItem, QueueState } from '../app/queue/api.ts';
import type { Job, ModelSummary, Run, Token } from '../core/domain.ts';
import type {
  InsightsWire,
  JobEventWire,
  JobWire,
  LabelErrorsWire,
  ModelWire,
  NextWire,
  QueueStateWire,
  RunWire,
  TokenWire,
  VoteWire,
} from './contract/index.ts';
import { predictionWire, taskWire } from './wire.ts';

export function nextWire(item: QueueItem): NextWire {
  return {
    ...taskWire(item.task),
    annotations: [],
    predictions: item.prediction === null ? [] : [predictionWire(item.prediction)],
    drafts: [],
    guess: item.guess,
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

export function insightsWire(insights: InsightsWithAdvice): InsightsWire {
  const { acceptance, blindAccuracy, timeSaved, projection, stopAdvice } = insights;
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
    projection: projection && {
      goal: projection.goal,
      accuracy: projection.accuracy,
      more_labels: {
        median: orNull(projection.moreLabels.median),
        low: orNull(projection.moreLabels.low),
        high: orNull(projection.moreLabels.high),
      },
      sentence: projection.sentence,
    },
    stop_advice: {
      state: stopAdvice.state,
      sentence: stopAdvice.sentence,
      windows: stopAdvice.agreements.map(({ fromLabels, toLabels, items, kappa, deltaF, changed }) => ({
        from_labels: fromLabels,
        to_labels: toLabels,
        tasks: items,
        kappa,
        delta_f: deltaF,
        changed,
      })),
    },
  };
}

/** JSON has no infinity. */
function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

export function labelErrorsWire({ judged, estimated, results }: DoubtfulAnnotations): LabelErrorsWire {
  return {
    judged,
    estimated,
    results: results.map(({ annotationId, taskId, annotatorId, given, suggested, ...figures }) => ({
      annotation: annotationId,
      task: taskId,
      annotator: annotatorId,
      given: [...given],
      suggested: [...suggested],
      ...figures,
    })),
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
    ...(vote.sources ? { sources: vote.sources.map(({ taskId, similarity }) => ({ task: taskId, similarity })) } : {}),
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
    pause_requested: job.pauseRequested,
    acts: actsOn(job),
    rate: job.rate,
    seconds_left: secondsLeft(job),
    error: job.error && { code: job.error.code, detail: job.error.message },
    revision: job.revision,
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  };
}

export function jobWire(job: Job): JobWire {
  return { ...jobEventWire(job), params: shownParams(job), output: job.output };
}

export function modelWire(model: ModelSummary): ModelWire {
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
