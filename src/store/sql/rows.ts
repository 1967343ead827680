/** Rows of tables as nouns of the domain, and back. */
import type {
  Annotation,
  Job,
  Label,
  Labeler,
  Lease,
  ModelSummary,
  ModelVersion,
  Prediction,
  Project,
  RuleDocument,
  Run,
  StoredLabelModel,
  Task,
  Token,
} from '../../core/domain.ts';
import type { Bit, Row } from './schema.ts';

/** Text that this store wrote itself, so it is trusted. */
function parsed<T>(text: string): T {
  return JSON.parse(text) as T;
}

export function bit(value: boolean): Bit {
  return value ? 1 : 0;
}

export function toProject(row: Row<'projects'>): Project {
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    instruction: row.instruction,
    labelConfig: row.label_config,
    settings: parsed(row.settings),
    ordinals: row.ordinals,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    archivedAt: row.archived_at,
  };
}

export function toTask(row: Row<'tasks'>): Task {
  return {
    id: row.id,
    projectId: row.project_id,
    ordinal: row.ordinal,
    data: parsed(row.data),
    meta: parsed(row.meta),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toAnnotation(row: Row<'annotations'>): Annotation {
  return {
    id: row.id,
    projectId: row.project_id,
    taskId: row.task_id,
    annotatorId: row.annotator_id,
    result: parsed(row.result),
    skipped: row.skipped === 1,
    groundTruth: row.ground_truth === 1,
    visibleMs: row.visible_ms,
    via: row.via as Annotation['via'],
    parentPrediction: row.parent_prediction,
    outcome: row.outcome as Annotation['outcome'],
    difference: parsed(row.difference),
    blind: row.blind === 1,
    blindResult: row.blind_result === null ? null : parsed(row.blind_result),
    note: row.note,
    submissionId: row.submission_id,
    runId: row.run_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toPrediction(row: Row<'predictions'>): Prediction {
  return {
    id: row.id,
    projectId: row.project_id,
    taskId: row.task_id,
    labelerId: row.labeler_id,
    runId: row.run_id,
    result: parsed(row.result),
    score: row.score,
    createdAt: row.created_at,
  };
}

export function toRun(row: Row<'runs'>): Run {
  return {
    id: row.id,
    projectId: row.project_id,
    kind: row.kind as Run['kind'],
    labelerId: row.labeler_id,
    summary: row.summary,
    params: parsed(row.params),
    state: row.state as Run['state'],
    written: row.written,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    revokedAt: row.revoked_at,
  };
}

export function toLabel(row: Row<'labels'>): Label {
  return { id: row.id, projectId: row.project_id, control: row.control, value: row.value, removedAt: row.removed_at };
}

export function toLabeler(row: Row<'labelers'>): Labeler {
  return { id: row.id, kind: row.kind as Labeler['kind'], name: row.name, version: row.version };
}

export function toLease(row: Row<'leases'>): Lease {
  return {
    taskId: row.task_id,
    annotatorId: row.annotator_id,
    expiresAt: row.expires_at,
    predictionId: row.prediction_id,
    blind: row.blind === 1,
  };
}

export function toModel(row: Row<'models'>): ModelVersion {
  return { ...toModelSummary(row), head: row.head };
}

export function toModelSummary(row: Omit<Row<'models'>, 'head'>): ModelSummary {
  return {
    id: row.id,
    projectId: row.project_id,
    control: row.control,
    version: row.version,
    number: row.number,
    embedder: row.embedder,
    trainedOn: row.trained_on,
    metrics: parsed(row.metrics),
    active: row.active === 1,
    verdict: row.verdict,
    createdAt: row.created_at,
  };
}

export function toRuleDocument(row: Row<'rule_documents'>): RuleDocument {
  return { ...toRuleHead(row), text: row.text, lists: parsed(row.lists) };
}

export function toRuleHead(row: Omit<Row<'rule_documents'>, 'text' | 'lists'>): Omit<RuleDocument, 'text' | 'lists'> {
  return {
    id: row.id,
    projectId: row.project_id,
    number: row.number,
    version: row.version,
    ruleCount: row.rule_count,
    patterns: parsed(row.patterns),
    createdAt: row.created_at,
  };
}

export function toLabelModel(row: Row<'label_models'>): StoredLabelModel {
  return {
    projectId: row.project_id,
    control: row.control,
    version: row.version,
    body: parsed(row.body),
    createdAt: row.created_at,
  };
}

export function toToken(row: Row<'tokens'>): Token {
  return {
    id: row.id,
    annotatorId: row.annotator_id,
    role: row.role as Token['role'],
    projectId: row.project_id,
    label: row.label,
    createdAt: row.created_at,
    revokedAt: row.revoked_at,
  };
}

export function toJob(row: Row<'jobs'>): Job {
  return {
    id: row.id,
    projectId: row.project_id,
    kind: row.kind,
    params: parsed(row.params),
    state: row.state as Job['state'],
    stage: row.stage,
    done: row.done,
    total: row.total,
    failed: row.failed,
    attempts: row.attempts,
    cancelRequested: row.cancel_requested === 1,
    pauseRequested: row.pause_requested === 1,
    rate: row.rate,
    error: row.error === null ? null : parsed(row.error),
    output: parsed(row.output),
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
