/** The objects of the API as they are on the wire: Label Studio's fields where it has them, ours beside them. */
import { type Static, Type } from 'typebox';
import type { Region } from '../../core/domain.ts';
import type { Json, JsonObject } from '../../core/json.ts';

export const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()]);

export const AnyObject = Type.Unsafe<JsonObject>(Type.Object({}, { additionalProperties: true }));
export const AnyJson = Type.Unsafe<Json>(Type.Unknown());
/** `result` of an annotation or prediction. */
export const Regions = Type.Unsafe<readonly Region[]>(Type.Array(Type.Object({}, { additionalProperties: true })));
export const Time = Type.String({ description: 'ISO 8601, UTC' });
export const Empty = Type.Null({ description: 'Empty reply' });

const settings = {
  query_strategy: Type.String(),
  seed: Type.Integer(),
  overlap: Type.Integer({ minimum: 1, maximum: 1000 }),
  blind_share: Type.Number({ minimum: 0, maximum: 1 }),
  lease_seconds: Type.Integer({ minimum: 1 }),
  retrain_every: Type.Integer({ minimum: 0, description: 'Newly labeled tasks that ask for a training; 0 = never' }),
  retrain_every_verified: Type.Integer({ minimum: 0, description: 'The same for new ground truth' }),
  retrain_every_hours: Type.Number({ minimum: 0, description: 'With new labels only; 0 = no schedule' }),
  retrain_on_drift: Type.Boolean({ description: 'When hidden suggestions are worse than they claim' }),
  embedder: Type.String(),
};

export const SettingsInput = Type.Partial(Type.Object(settings), { additionalProperties: false });

export const Settings = Type.Object({
  ...settings,
  pinned_version: nullable(Type.Integer({ description: 'Set by activating a model version, cleared by `unpin`' })),
});

export const Sampling = Type.Union([
  Type.Literal('Sequential sampling'),
  Type.Literal('Uniform sampling'),
  Type.Literal('Uncertainty sampling'),
]);

export const ProjectShape = Type.Object({
  id: Type.Integer(),
  title: Type.String(),
  description: Type.String(),
  label_config: Type.String(),
  expert_instruction: Type.String(),
  show_instruction: Type.Boolean(),
  is_archived: Type.Boolean(),
  archived_at: nullable(Time),
  created_at: Time,
  updated_at: Time,
  maximum_annotations: Type.Integer(),
  sampling: Sampling,
  settings: Settings,
  task_number: Type.Integer(),
  finished_task_number: Type.Integer(),
  num_tasks_with_annotations: Type.Integer(),
  total_annotations_number: Type.Integer(),
  skipped_annotations_number: Type.Integer(),
  ground_truth_number: Type.Integer(),
  useful_annotation_number: Type.Integer({ description: 'Neither skipped nor ground truth' }),
  total_predictions_number: Type.Integer({ description: 'Stored ones' }),
  queue_total: Type.Integer(),
  queue_done: Type.Integer(),
  config_has_control_tags: Type.Boolean(),
  config_suitable_for_bulk_annotation: Type.Boolean(),
  start_training_on_annotation_update: Type.Boolean({ description: 'It trains by itself after some answers' }),
});

/** One control tag, in the shape that Label Studio's `parse_config` gives, with what a page needs to draw it. */
export const ControlShape = Type.Object({
  type: Type.String({ description: 'Tag name' }),
  to_name: Type.Array(Type.String()),
  inputs: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      value: nullable(Type.String({ description: 'Field of the task data' })),
      valueType: nullable(Type.String()),
    }),
  ),
  labels: Type.Array(Type.String()),
  labels_attrs: Type.Record(Type.String(), AnyObject),
  dynamic_labels: Type.Boolean(),
  multiple: Type.Boolean(),
  required: Type.Boolean(),
});

export const ParsedConfig = Type.Record(Type.String(), ControlShape);

export const ProjectDetail = Type.Object({ ...ProjectShape.properties, parsed_label_config: ParsedConfig });

export const AnnotationShape = Type.Object({
  id: Type.Integer(),
  task: Type.Integer(),
  project: Type.Integer(),
  completed_by: Type.Integer(),
  result: Regions,
  result_count: Type.Integer(),
  was_cancelled: Type.Boolean({ description: 'Skipped' }),
  ground_truth: Type.Boolean(),
  lead_time: nullable(Type.Number({ description: 'Seconds the task was visible' })),
  visible_ms: nullable(Type.Number()),
  parent_prediction: nullable(Type.Integer()),
  parent_annotation: Type.Null(),
  unique_id: Type.String({ description: 'The key of the submit' }),
  via: Type.Union([Type.Literal('key'), Type.Literal('click'), Type.Literal('api'), Type.Literal('import')]),
  outcome: Type.Union([Type.Literal('accepted'), Type.Literal('changed'), Type.Literal('unaided')]),
  difference: AnyObject,
  blind: Type.Boolean(),
  note: Type.String(),
  run: nullable(Type.Integer()),
  created_at: Time,
  updated_at: Time,
});

export const PredictionShape = Type.Object({
  id: nullable(Type.Integer({ description: 'Null when it is built on read and not stored' })),
  task: Type.Integer(),
  project: Type.Integer(),
  result: Regions,
  score: nullable(Type.Number()),
  model_version: nullable(Type.String()),
  run: nullable(Type.Integer()),
  created_at: Time,
});

const taskFields = {
  id: Type.Integer(),
  project: Type.Integer(),
  inner_id: Type.Integer(),
  data: AnyObject,
  meta: AnyObject,
  created_at: Time,
  updated_at: Time,
};

export const TaskShape = Type.Object(taskFields);

export const TaskDetail = Type.Object({
  ...taskFields,
  is_labeled: Type.Boolean(),
  overlap: Type.Integer(),
  total_annotations: Type.Integer(),
  cancelled_annotations: Type.Integer(),
  total_predictions: Type.Integer(),
  annotations: Type.Array(AnnotationShape),
  predictions: Type.Array(PredictionShape),
  drafts: Type.Array(AnyObject),
});

export const ReasonShape = Type.Object({
  strategy: Type.String(),
  phase: Type.String(),
  rank: Type.Integer(),
  score: Type.Number(),
  probabilities: nullable(Type.Record(Type.String(), Type.Number())),
  margin: nullable(Type.Number()),
  distance: nullable(Type.Number()),
  density: nullable(Type.Number()),
  disagreement: nullable(
    Type.Number({ description: 'Share of rules, models and look-alikes against the leading label' }),
  ),
  sentence: Type.String(),
});

/** A leased task: Label Studio's task with what the queue knows. */
export const NextShape = Type.Object({
  ...taskFields,
  annotations: Type.Array(AnnotationShape),
  predictions: Type.Array(PredictionShape, { description: 'The suggestion: one or none' }),
  drafts: Type.Array(AnyObject),
  guess: nullable(
    Type.String({ description: 'The label whose name alone fits, while there is no model; never counted' }),
  ),
  reason: nullable(ReasonShape),
  blind: Type.Boolean(),
  lease_expires_at: Time,
});

export const QueueStateShape = Type.Object({
  strategy: Type.String(),
  embedder: Type.String(),
  phase: Type.String(),
  ranked: Type.Integer(),
  tasks: Type.Integer(),
  annotations_until_retrain: nullable(Type.Integer({ description: 'Null when the policy does not count them' })),
  model_version: nullable(Type.String()),
  model_number: nullable(Type.Integer()),
});

const interval = { low: Type.Number(), high: Type.Number() };
const accuracy = { n: Type.Integer(), correct: Type.Integer(), accuracy: Type.Number(), ...interval };

/** Shares are 0..1 with their 95 % interval, bias is in percentage points. */
export const InsightsShape = Type.Object({
  curve: Type.Array(Type.Object({ ...accuracy, labels: Type.Integer() })),
  acceptance: nullable(
    Type.Object({ shown: Type.Integer(), accepted: Type.Integer(), rate: Type.Number(), ...interval }),
  ),
  blind_accuracy: nullable(Type.Object(accuracy)),
  time_saved: nullable(
    Type.Object({
      aided_ms: Type.Number(),
      blind_ms: Type.Number(),
      saved: Type.Number(),
      ...interval,
      n_aided: Type.Integer(),
      n_blind: Type.Integer(),
    }),
  ),
  bias: nullable(Type.Object({ points: Type.Number(), ...interval })),
  projection: nullable(
    Type.Object({
      goal: Type.Number(),
      accuracy: Type.Object({ median: Type.Number(), ...interval }),
      more_labels: Type.Object({
        median: nullable(Type.Integer()),
        low: nullable(Type.Integer()),
        high: nullable(Type.Integer()),
      }),
      sentence: Type.String(),
    }),
  ),
  stop_advice: Type.Object({
    state: Type.Union([Type.Literal('early'), Type.Literal('continue'), Type.Literal('stop')]),
    sentence: Type.String(),
    windows: Type.Array(
      Type.Object({
        from_labels: Type.Integer(),
        to_labels: Type.Integer(),
        tasks: Type.Integer(),
        kappa: Type.Number(),
        delta_f: Type.Number(),
        changed: Type.Number(),
      }),
    ),
  }),
});

export const LabelErrorsShape = Type.Object({
  judged: Type.Integer(),
  estimated: Type.Integer(),
  results: Type.Array(
    Type.Object({
      annotation: Type.Integer(),
      task: Type.Integer(),
      annotator: Type.Integer(),
      given: Type.Array(Type.String()),
      suggested: Type.Array(Type.String()),
      confidence: Type.Number(),
      margin: Type.Number(),
      confident: Type.Boolean(),
    }),
  ),
});

export const VoteShape = Type.Object({
  labeler: Type.String(),
  kind: Type.String(),
  run: nullable(Type.Integer()),
  control: Type.String(),
  label: Type.String(),
  score: nullable(Type.Number()),
  sources: Type.Optional(
    Type.Array(Type.Object({ task: Type.Integer(), similarity: Type.Number() }), {
      description: 'Labeled tasks behind a propagated vote, nearest first',
    }),
  ),
});

export const RunShape = Type.Object({
  id: Type.Integer(),
  project: Type.Integer(),
  kind: Type.String(),
  labeler: nullable(Type.Integer()),
  summary: Type.String(),
  params: AnyObject,
  state: Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('failed')]),
  written: Type.Integer(),
  created_at: Time,
  finished_at: nullable(Time),
  revoked_at: nullable(Time),
});

/** Progress of a job: what the event stream carries. */
export const JobEventShape = Type.Object({
  id: Type.Integer(),
  project: nullable(Type.Integer()),
  kind: Type.String(),
  state: Type.Union([
    Type.Literal('queued'),
    Type.Literal('running'),
    Type.Literal('paused'),
    Type.Literal('done'),
    Type.Literal('failed'),
    Type.Literal('cancelled'),
  ]),
  stage: Type.String(),
  done: Type.Integer(),
  total: Type.Integer(),
  failed: Type.Integer(),
  attempts: Type.Integer(),
  cancel_requested: Type.Boolean(),
  pause_requested: Type.Boolean({ description: 'It stops at the end of its chunk and is paused then' }),
  rate: nullable(
    Type.Number({ description: 'Items per second (bytes of a download) of late; null until there is enough to tell' }),
  ),
  acts: Type.Array(
    Type.Union([Type.Literal('pause'), Type.Literal('resume'), Type.Literal('cancel'), Type.Literal('retry')]),
    { description: 'What can be done with it now' },
  ),
  seconds_left: nullable(Type.Integer({ description: 'Until this stage ends, at that rate' })),
  error: nullable(Type.Object({ code: Type.String(), detail: Type.String() })),
  revision: Type.Integer(),
  created_at: Time,
  updated_at: Time,
});

export const JobShape = Type.Object({ ...JobEventShape.properties, params: AnyObject, output: AnyJson });

export const ModelShape = Type.Object({
  id: Type.Integer(),
  project: Type.Integer(),
  control: Type.String(),
  version: Type.String(),
  number: Type.Integer(),
  embedder: Type.String(),
  trained_on: Type.Integer(),
  metrics: AnyObject,
  active: Type.Boolean(),
  verdict: Type.String(),
  created_at: Time,
});

export const TokenShape = Type.Object({
  id: Type.Integer(),
  annotator: Type.Integer(),
  role: Type.Union([Type.Literal('owner'), Type.Literal('annotator'), Type.Literal('invite')]),
  project: nullable(Type.Integer()),
  label: Type.String(),
  created_at: Time,
  revoked_at: nullable(Time),
});

/** Every error of the API. Scripts written for Label Studio read `detail`. */
export const ErrorShape = Type.Object({
  code: Type.String(),
  status_code: Type.Integer(),
  detail: Type.String(),
  details: AnyObject,
  validation_errors: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
  retryable: Type.Boolean(),
  request_id: Type.String(),
  id: Type.Optional(Type.String({ description: "This and the next two: on Label Studio's paths, as there" })),
  version: Type.Optional(Type.String()),
  exc_info: Type.Optional(Type.Null()),
});

export type ProjectWire = Static<typeof ProjectShape>;
export type ProjectDetailWire = Static<typeof ProjectDetail>;
export type ControlWire = Static<typeof ControlShape>;
export type SettingsWire = Static<typeof Settings>;
export type TaskWire = Static<typeof TaskShape>;
export type TaskDetailWire = Static<typeof TaskDetail>;
export type AnnotationWire = Static<typeof AnnotationShape>;
export type PredictionWire = Static<typeof PredictionShape>;
export type NextWire = Static<typeof NextShape>;
export type ReasonWire = Static<typeof ReasonShape>;
export type QueueStateWire = Static<typeof QueueStateShape>;
export type InsightsWire = Static<typeof InsightsShape>;
export type LabelErrorsWire = Static<typeof LabelErrorsShape>;
export type VoteWire = Static<typeof VoteShape>;
export type RunWire = Static<typeof RunShape>;
export type JobEventWire = Static<typeof JobEventShape>;
export type JobWire = Static<typeof JobShape>;
export type ModelWire = Static<typeof ModelShape>;
export type TokenWire = Static<typeof TokenShape>;
export type ErrorWire = Static<typeof ErrorShape>;
