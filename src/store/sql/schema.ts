/**
 * The tables as the query code sees them, the same for every SQL engine. Truth values are 0 and 1, JSON is text and
 * times are ISO text, so that rows look alike whichever engine returns them.
 */
import type { Generated, Insertable, Kysely, Selectable } from 'kysely';

export type Bit = 0 | 1;

export interface ProjectTable {
  id: Generated<number>;
  title: string;
  description: string;
  instruction: string;
  label_config: string;
  settings: string;
  ordinals: Generated<number>;
  created_at: string;
  updated_at: string;
  archived_at: string | null;
  /** Set first when a project is deleted: it is out of sight while its rows are removed piece by piece. */
  deleted_at: string | null;
}

/** Running totals, so that no page counts 100,000 rows. Kept by `counts.ts` and nothing else. */
export interface ProjectCountTable {
  project_id: number;
  tasks: number;
  annotations: number;
  skipped: number;
  ground_truth: number;
}

/** How many tasks of a project have exactly this many answers; tasks without any have no row. */
export interface AnswerCountTable {
  project_id: number;
  answers: number;
  tasks: number;
}

/** All predictions there are; `run_id` is 0 for those that no run wrote. Kept by `prediction-counts.ts` and nothing else. */
export interface PredictionCountTable {
  project_id: number;
  task_run_id: number;
  run_id: number;
  predictions: number;
}

/** The visible answers of each task that has any. */
export interface TaskAnswerTable {
  task_id: number;
  project_id: number;
  answers: number;
  skipped: number;
  ground_truth: number;
}

export interface RunTable {
  id: Generated<number>;
  project_id: number;
  kind: string;
  labeler_id: number | null;
  summary: string;
  params: string;
  state: string;
  written: number;
  cursor: number;
  created_at: string;
  finished_at: string | null;
  revoked_at: string | null;
}

export interface TaskTable {
  id: Generated<number>;
  project_id: number;
  run_id: number;
  ordinal: number;
  data: string;
  meta: string;
  created_at: string;
  updated_at: string;
}

export interface AnnotationTable {
  id: Generated<number>;
  project_id: number;
  task_id: number;
  annotator_id: number;
  result: string;
  skipped: Bit;
  ground_truth: Bit;
  visible_ms: number | null;
  via: string;
  parent_prediction: number | null;
  outcome: string;
  difference: string;
  blind: Bit;
  blind_result: string | null;
  note: string;
  submission_id: string;
  run_id: number | null;
  created_at: string;
  updated_at: string;
}

export interface PredictionTable {
  id: Generated<number>;
  project_id: number;
  task_id: number;
  labeler_id: number;
  run_id: number | null;
  result: string;
  score: number | null;
  created_at: string;
}

export interface LabelTable {
  id: Generated<number>;
  project_id: number;
  control: string;
  value: string;
  removed_at: string | null;
  /** Votes for this label count for that one. */
  merged_into: number | null;
}

export interface VoteTable {
  run_id: number;
  task_id: number;
  label_id: number;
  /** 0: the labeler of the run. */
  labeler_id: number;
  score: number;
}

export interface VoteSourceTable {
  run_id: number;
  task_id: number;
  sources: string;
}

export interface WantedTaskTable {
  project_id: number;
  task_id: number;
  checks: Bit;
}

export interface RuleDocumentTable {
  id: Generated<number>;
  project_id: number;
  number: number;
  version: string;
  text: string;
  lists: string;
  rule_count: number;
  patterns: string;
  created_at: string;
}

export interface RuleFaultTable {
  project_id: number;
  labeler_id: number;
  error: string;
  created_at: string;
}

export interface LabelerTable {
  id: Generated<number>;
  kind: string;
  name: string;
  version: string;
}

export interface LeaseTable {
  task_id: number;
  annotator_id: number;
  project_id: number;
  expires_at: number;
  prediction_id: number | null;
  blind: Bit;
}

export interface PostponedTable {
  task_id: number;
  annotator_id: number;
  project_id: number;
  postponed_at: number;
}

export interface ModelTable {
  id: Generated<number>;
  project_id: number;
  control: string;
  version: string;
  number: number;
  embedder: string;
  trained_on: number;
  metrics: string;
  head: Uint8Array;
  active: Bit;
  verdict: string;
  created_at: string;
}

export interface LabelModelTable {
  project_id: number;
  control: string;
  version: string;
  body: string;
  created_at: string;
}

export interface MediaFactTable {
  task_id: number;
  reference: string;
  version: string;
  facts: string;
  problem: string | null;
  created_at: string;
}

export interface ViewTable {
  id: Generated<number>;
  project_id: number;
  data: string;
}

export interface ImageHashTable {
  task_id: number;
  content: string;
  model: string;
  hash: string;
}

export interface TokenTable {
  id: Generated<number>;
  hash: string;
  annotator_id: number;
  role: string;
  project_id: number | null;
  label: string;
  created_at: string;
  revoked_at: string | null;
}

export interface JobTable {
  id: Generated<number>;
  project_id: number | null;
  kind: string;
  params: string;
  state: string;
  stage: string;
  done: number;
  total: number;
  failed: number;
  attempts: number;
  cancel_requested: Bit;
  pause_requested: Bit;
  /** Items per second, as last measured. */
  rate: number | null;
  /** It runs again only what failed up to this attempt. */
  retries_to: number | null;
  error: string | null;
  output: string;
  revision: number;
  dedupe_key: string | null;
  owner: string | null;
  lease_expires_at: number | null;
  created_at: string;
  updated_at: string;
}

export interface JobFailureTable {
  job_id: number;
  task_id: number;
  error: string;
  attempt: number;
}

export interface ConnectionTable {
  id: Generated<number>;
  project_id: number;
  secret_hash: string;
  url: string | null;
  studio_project: number | null;
  token: string | null;
  offered_url: string | null;
  offered_token: string | null;
  settings: string;
  run_id: number | null;
  created_at: string;
}

export interface StudioTaskTable {
  connection_id: number;
  studio_id: number;
  task_id: number | null;
  data_hash: string;
  pushed: Generated<string>;
  pushing: Generated<string>;
  owed: Generated<Bit>;
}

export interface StudioAnnotationTable {
  connection_id: number;
  studio_id: number;
  annotation_id: number | null;
  changed_at: string;
  agreed: Generated<string>;
  studio_task: number | null;
}

export interface StudioSendingTable {
  connection_id: number;
  annotation_id: number;
  studio_task: number;
  key: string;
  agreed: string;
}

export interface StudioInboxTable {
  id: Generated<number>;
  connection_id: number;
  digest: string;
  body: string;
  attempts: Generated<number>;
  error: string | null;
  received_at: string;
}

export interface TrainerTable {
  project_id: number;
  url: string;
  secret: string;
  every: number;
  counts: string;
  called_at: number;
}

/** Numbers that only grow, by name. */
export interface CounterTable {
  name: string;
  value: number;
}

export interface Schema {
  projects: ProjectTable;
  project_counts: ProjectCountTable;
  answer_counts: AnswerCountTable;
  task_answers: TaskAnswerTable;
  prediction_counts: PredictionCountTable;
  runs: RunTable;
  tasks: TaskTable;
  annotations: AnnotationTable;
  predictions: PredictionTable;
  labels: LabelTable;
  votes: VoteTable;
  vote_sources: VoteSourceTable;
  wanted_tasks: WantedTaskTable;
  rule_documents: RuleDocumentTable;
  rule_faults: RuleFaultTable;
  labelers: LabelerTable;
  leases: LeaseTable;
  postponed: PostponedTable;
  models: ModelTable;
  label_models: LabelModelTable;
  media_facts: MediaFactTable;
  image_hashes: ImageHashTable;
  views: ViewTable;
  tokens: TokenTable;
  jobs: JobTable;
  job_failures: JobFailureTable;
  connections: ConnectionTable;
  studio_tasks: StudioTaskTable;
  studio_annotations: StudioAnnotationTable;
  studio_sending: StudioSendingTable;
  studio_inbox: StudioInboxTable;
  trainers: TrainerTable;
  counters: CounterTable;
}

export type Database = Kysely<Schema>;
export type Row<T extends keyof Schema> = Selectable<Schema[T]>;
export type NewRow<T extends keyof Schema> = Insertable<Schema[T]>;
