/**
 * The metadata store: a port with one contract suite (`test/contract/store.ts`) for every engine.
 *
 * Every method is one transaction: it has happened, durably, when its promise resolves, or nothing has. Rows of revoked
 * runs are invisible to every reading except `runs`. Lists are ordered by id and paged by `after` (exclusive).
 * Annotator ids are labeler ids. Every method rejects with NOT_FOUND when an id names nothing that is visible, with
 * STORE_FULL when the disk is full (nothing was changed), with STORE_CORRUPT when the engine finds damage.
 */
import type {
  Annotation,
  IsoTime,
  Label,
  Labeler,
  LabelerKind,
  Lease,
  ModelSummary,
  ModelVersion,
  Prediction,
  Project,
  ProjectSettings,
  Region,
  Role,
  RuleDocument,
  Run,
  RunKind,
  StoredLabelModel,
  Task,
  Token,
  Vote,
} from '../core/domain.ts';
import type { PlainError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { JobQueue } from './jobs.ts';
import type { StudioStore } from './studio.ts';

export interface Page {
  /** Rows with an id greater than this; 0 from the start. */
  readonly after: number;
  readonly limit: number;
}

export interface ProjectStore {
  create(project: NewProject): Promise<Project>;
  get(id: number): Promise<Project | undefined>;
  /** All of them, or only those that are (not) archived. */
  list(options?: { archived?: boolean }): Promise<Project[]>;
  update(id: number, change: Partial<NewProject> & { archived?: boolean }): Promise<Project>;
  /**
   * Removes the project and everything that belongs to it. It is out of sight at once and its jobs lose their leases;
   * the rows go piece by piece, and a deletion that a crash interrupts is finished at the next start.
   */
  delete(id: number): Promise<void>;
  counts(id: number): Promise<ProjectCounts>;
}

export interface NewProject {
  readonly title: string;
  readonly description: string;
  readonly instruction: string;
  readonly labelConfig: string;
  readonly settings: ProjectSettings;
}

export interface ProjectCounts {
  readonly tasks: number;
  /** Tasks with at least one annotation that is not skipped. */
  readonly labeledTasks: number;
  /** Tasks with as many annotations as the project's overlap asks for. */
  readonly finishedTasks: number;
  /** Without the skipped ones. */
  readonly annotations: number;
  readonly skipped: number;
  readonly groundTruth: number;
}

export interface NewTask {
  readonly data: JsonObject;
  readonly meta: JsonObject;
  /** Answers and suggestions that come with an imported task; written in the same transaction, under the same run. */
  readonly annotations?: readonly Omit<NewAnnotation, 'projectId' | 'taskId' | 'runId'>[];
  readonly predictions?: readonly Omit<Prediction, 'id' | 'createdAt' | 'projectId' | 'taskId' | 'runId'>[];
}

export interface TaskStore {
  /**
   * Appends tasks with fresh ordinals. `cursor` is remembered on the run, so that an import resumes after a crash.
   * CONFLICT when the run has ended or was undone.
   */
  insert(projectId: number, runId: number, tasks: readonly NewTask[], cursor: number): Promise<Task[]>;
  get(id: number): Promise<Task | undefined>;
  list(projectId: number, page: Page): Promise<Task[]>;
  /** The tasks of these ordinals that still exist, in ordinal order. */
  byOrdinals(projectId: number, ordinals: readonly number[]): Promise<Task[]>;
  /** (id, ordinal) of every living task with `from <= ordinal`, in ordinal order, at most `limit`. */
  ordinals(projectId: number, from: number, limit: number): Promise<{ ids: Float64Array; ordinals: Uint32Array }>;
  /** Ids of the tasks that a run brought and that are still there, ascending. */
  idsOfRun(runId: number): Promise<number[]>;
  /**
   * New data gets a new ordinal and loses its machine votes, the predictions of runs and its leases, because everything
   * computed from the old row is stale, what was shown of it too. Predictions that came with an import or from elsewhere stay: nobody here could make them again.
   */
  edit(id: number, change: { data?: JsonObject; meta?: JsonObject }): Promise<Task>;
  /** Removes tasks with their annotations, predictions and votes. Returns how many were there. */
  delete(projectId: number, ids: readonly number[]): Promise<number>;
}

export interface NewAnnotation extends Omit<Annotation, 'id' | 'createdAt' | 'updatedAt'> {}

export interface AnnotationStore {
  /**
   * Idempotent by `submissionId` within task and annotator (empty: never the same): a repeated submit returns the first
   * row with `created: false`. Ends the lease and the postponing.
   */
  submit(annotation: NewAnnotation): Promise<{ annotation: Annotation; created: boolean }>;
  /** Many at once, for imports and promotions. */
  insert(annotations: readonly NewAnnotation[]): Promise<Annotation[]>;
  get(id: number): Promise<Annotation | undefined>;
  /** It stays with its task and annotator, whatever `change` says. */
  update(id: number, change: Partial<NewAnnotation>): Promise<Annotation>;
  delete(id: number): Promise<void>;
  ofTask(taskId: number): Promise<Annotation[]>;
  ofTasks(taskIds: readonly number[]): Promise<Annotation[]>;
  list(projectId: number, page: Page): Promise<Annotation[]>;
  /** Answers and skips of everybody who gave any. */
  countsByAnnotator(projectId: number): Promise<{ annotatorId: number; annotations: number; skipped: number }[]>;
  /** The last ones of an annotator, newest first. */
  recent(projectId: number, annotatorId: number, limit: number): Promise<Annotation[]>;
  /** Rewrites the results of all annotations, hidden ones too, for label changes; null leaves one as it is. Returns how many changed. */
  rewrite(projectId: number, change: (result: readonly Region[]) => readonly Region[] | null): Promise<number>;
}

export interface NewPrediction extends Omit<Prediction, 'id' | 'createdAt'> {
  /** Of the task as it was looked at: a task with other data, or none, gets no prediction. Left out: it must be there. */
  readonly ordinal?: number;
}

export interface PredictionStore {
  /** Returns those that were added. */
  add(predictions: readonly NewPrediction[]): Promise<Prediction[]>;
  get(id: number): Promise<Prediction | undefined>;
  ofTasks(taskIds: readonly number[]): Promise<Prediction[]>;
  update(id: number, change: Pick<Prediction, 'result' | 'score'>): Promise<Prediction>;
  /** Answers that began with it are told from no prediction afterwards. */
  delete(id: number): Promise<void>;
  /** How many visible ones a project has: a running total. */
  count(projectId: number): Promise<number>;
  /** How many each labeler has stored in a project. */
  countsByLabeler(projectId: number): Promise<PredictionCount[]>;
  /** Deletes those of a labeler that no run wrote; returns how many. */
  deleteOfLabeler(projectId: number, labelerId: number): Promise<number>;
}

export interface PredictionCount {
  readonly labelerId: number;
  readonly count: number;
  /** Of them, without a run behind them. */
  readonly withoutRun: number;
  readonly latest: IsoTime;
}

export interface LabelStore {
  /** Removed ones too, because old votes and results name them. */
  list(projectId: number): Promise<Label[]>;
  /**
   * Makes the control's living labels exactly these values: adds what is new, marks what is gone as removed, brings back
   * what was removed earlier under its old id. Returns the living ones in the order of `values`.
   */
  sync(projectId: number, control: string, values: readonly string[]): Promise<Label[]>;
  /** CONFLICT when the control has a living label of that name. */
  rename(id: number, value: string): Promise<void>;
  /** Votes for `from` become votes for `into`; `from` is removed. */
  merge(from: number, into: number): Promise<void>;
}

export interface VoteStore {
  /**
   * Appends votes of a running run; a repeated (run, task, label, labeler) is ignored, and so are votes on tasks that have been
   * deleted, or given other data, meanwhile. Returns how many were new. CONFLICT when the run has ended or was undone.
   */
  write(runId: number, votes: readonly VoteRow[]): Promise<number>;
  /** Ordered by task and run; a merged label appears as the one it was merged into. */
  ofTasks(taskIds: readonly number[]): Promise<Vote[]>;
  /** Votes of one run, ordered by task and paged by task id; a page never splits a task, so it can exceed the limit a little. */
  ofRun(runId: number, page: Page): Promise<Vote[]>;
  /** Drops the votes of a run for good (old model versions); the run itself stays on record. */
  prune(runId: number): Promise<void>;
}

export interface VoteRow {
  readonly taskId: number;
  /** Of the task as it was looked at: other data give it another one. Left out: whatever it holds now is meant. */
  readonly ordinal?: number;
  readonly labelId: number;
  /** Left out: the labeler of the run. */
  readonly labelerId?: number;
  readonly score: number;
}

export interface RuleStore {
  /** Saving what the newest document already says (text and lists) returns that one. */
  add(document: Omit<RuleDocument, 'id' | 'number' | 'createdAt'>): Promise<RuleDocument>;
  get(projectId: number, number: number): Promise<RuleDocument | undefined>;
  newest(projectId: number): Promise<RuleDocument | undefined>;
  /** Oldest first, without their texts and lists, which may be megabytes each. */
  list(projectId: number): Promise<Omit<RuleDocument, 'text' | 'lists'>[]>;
  /** Rule versions that failed or overran their time in this project: none of their votes count. */
  faults(projectId: number): Promise<RuleFaultRow[]>;
  /** The first fault of a labeler stays. */
  addFault(projectId: number, labelerId: number, error: PlainError): Promise<void>;
  /** Gives these versions another chance. */
  clearFaults(projectId: number, labelerIds: readonly number[]): Promise<void>;
}

export interface RuleFaultRow {
  readonly labelerId: number;
  readonly error: PlainError;
}

/** What the picture or sound that a task shows is like. */
export interface MediaFactRow {
  readonly taskId: number;
  /** Hash of what the task pointed to; another one makes the row void. */
  readonly reference: string;
  /** Changes when the bytes do; empty when the file could not be opened. */
  readonly version: string;
  /** As rules name them; null for what could not be found out. */
  readonly facts: JsonObject;
  readonly problem: PlainError | null;
  readonly createdAt: string;
}

export interface MediaFactStore {
  ofTasks(taskIds: readonly number[]): Promise<MediaFactRow[]>;
  /** What is known of a file by any task that shows it: the row that says most. */
  ofVersion(version: string): Promise<MediaFactRow | undefined>;
  /** Replaces what is known of these tasks; those that are gone by now are left out. */
  put(rows: readonly Omit<MediaFactRow, 'createdAt'>[]): Promise<void>;
}

/** What the picture of a task is compared by. */
export interface ImageHashRow {
  readonly taskId: number;
  /** SHA-256 of the file. */
  readonly content: string;
  /** Name and version of the model that made the hash. */
  readonly model: string;
  /** Null for a picture that is almost empty. */
  readonly hash: readonly number[] | null;
}

/** A choice of tasks that a script keeps. */
export interface ViewRow {
  readonly id: number;
  readonly projectId: number;
  /** As Label Studio has it: `filters`, `ordering`, `selectedItems`, `title`. */
  readonly data: JsonObject;
}

export interface ViewStore {
  add(projectId: number, data: JsonObject): Promise<ViewRow>;
  get(id: number): Promise<ViewRow | undefined>;
  list(projectId: number): Promise<ViewRow[]>;
  update(id: number, data: JsonObject): Promise<ViewRow>;
  delete(id: number): Promise<void>;
}

export interface ImageHashStore {
  ofTasks(taskIds: readonly number[]): Promise<ImageHashRow[]>;
  /** Replaces what is known of these tasks; those that are gone by now are left out. */
  put(rows: readonly ImageHashRow[]): Promise<void>;
}

/** A labeled task that stands behind a propagated vote. */
export interface VoteSource {
  readonly taskId: number;
  /** Cosine after smoothing over the neighbour graph, -1..1. */
  readonly similarity: number;
}

export interface SpreadStore {
  /** Where the votes of an open run on these tasks come from. The first word on a task stays. */
  addSources(
    runId: number,
    rows: readonly { readonly taskId: number; readonly sources: readonly VoteSource[] }[],
  ): Promise<void>;
  /** Nearest first; empty for votes without sources. */
  sourcesOf(runId: number, taskId: number): Promise<VoteSource[]>;
  /** Asks people for these tasks before all others; `checks`: without a suggestion, to check predictions. */
  want(projectId: number, tasks: readonly WantedTask[]): Promise<void>;
  /** All that were ever asked for, by task. */
  wanted(projectId: number): Promise<WantedTask[]>;
}

export interface WantedTask {
  readonly taskId: number;
  readonly checks: boolean;
}

export interface RunStore {
  start(run: {
    projectId: number;
    kind: RunKind;
    labelerId: number | null;
    summary: string;
    params: JsonObject;
  }): Promise<Run>;
  /** Repeating it is harmless; CONFLICT when the run has ended in the other state. */
  finish(id: number, state: 'done' | 'failed', written: number): Promise<Run>;
  get(id: number): Promise<Run | undefined>;
  list(projectId: number): Promise<Run[]>;
  /** Rows of an import done so far, in input rows. */
  cursor(id: number): Promise<number>;
  /** Undo: from now on nothing of it is seen. Annotations it wrote are hidden too. */
  revoke(id: number): Promise<Run>;
  restore(id: number): Promise<Run>;
}

export interface LabelerStore {
  ensure(kind: LabelerKind, name: string, version: string): Promise<Labeler>;
  get(id: number): Promise<Labeler | undefined>;
  list(): Promise<Labeler[]>;
}

/** What an annotator sees with a task: a suggestion (one without an id is stored along), or none; blind: kept, not shown. */
export interface Shown {
  readonly prediction: Prediction | Omit<Prediction, 'id' | 'createdAt'> | null;
  readonly blind: boolean;
}

/** A task given to an annotator, and what is on record as shown with it. */
export interface Handed {
  readonly taskId: number;
  readonly prediction: Prediction | null;
  readonly blind: boolean;
}

export interface LeaseStore {
  /**
   * Gives the first of `candidates` (task ids in queue order) that is free for this annotator: not leased to others
   * beyond what the overlap leaves open, not answered by this annotator, not finished. Decided and written in one step,
   * together with what is shown if it is the task that `show` names. A lease that still runs keeps what was shown with it.
   */
  acquire(request: {
    projectId: number;
    annotatorId: number;
    candidates: readonly number[];
    overlap: number;
    expiresAt: number;
    show?: Shown & { readonly taskId: number };
  }): Promise<Handed | undefined>;
  /** Notes what is shown with a lease whose task was not foreseen. */
  show(taskId: number, annotatorId: number, shown: Shown): Promise<Prediction | null>;
  /** Also one that has run out (for a day), because it tells what was shown to an annotator who answers late. */
  get(taskId: number, annotatorId: number): Promise<Lease | undefined>;
  /** Those that still run. */
  ofAnnotator(projectId: number, annotatorId: number): Promise<Lease[]>;
  /** Those of everybody that still run. */
  ofProject(projectId: number): Promise<Lease[]>;
  /** False when there is none, or when it ran out and others have taken the place. */
  extend(taskId: number, annotatorId: number, expiresAt: number): Promise<boolean>;
  release(taskId: number, annotatorId: number): Promise<void>;
  /** Postponed until after everything else, for this annotator; ends the lease. */
  postpone(taskId: number, annotatorId: number): Promise<void>;
  /** The longest postponed first. */
  postponed(projectId: number, annotatorId: number): Promise<number[]>;
}

export interface ModelStore {
  /** Adding a version that is there already returns the first row. */
  add(model: Omit<ModelVersion, 'id' | 'number' | 'createdAt' | 'active'>): Promise<ModelVersion>;
  get(id: number): Promise<ModelVersion | undefined>;
  /** Without the weights: a page of versions must not read megabytes. */
  list(projectId: number): Promise<ModelSummary[]>;
  active(projectId: number, control: string): Promise<ModelVersion | undefined>;
  /** Makes it the active one; the reason is kept as its verdict. */
  activate(id: number, verdict: string): Promise<ModelVersion>;
}

export interface LabelModelStore {
  get(projectId: number, control: string): Promise<StoredLabelModel | undefined>;
  /** Replaces the one before it. */
  set(model: Omit<StoredLabelModel, 'createdAt'>): Promise<StoredLabelModel>;
  /** Harmless when there is none. */
  clear(projectId: number, control: string): Promise<void>;
}

export interface TokenStore {
  /** `hash` is the sha-256 of the plain token; the plain text is never stored. */
  add(token: {
    hash: string;
    annotatorId: number;
    role: Role;
    projectId: number | null;
    label: string;
  }): Promise<Token>;
  /** A revoked one is not found. */
  find(hash: string): Promise<Token | undefined>;
  list(): Promise<Token[]>;
  revoke(id: number): Promise<void>;
}

export interface Store {
  readonly projects: ProjectStore;
  readonly tasks: TaskStore;
  readonly annotations: AnnotationStore;
  readonly predictions: PredictionStore;
  readonly labels: LabelStore;
  readonly votes: VoteStore;
  readonly rules: RuleStore;
  readonly runs: RunStore;
  readonly spread: SpreadStore;
  readonly labelers: LabelerStore;
  readonly leases: LeaseStore;
  readonly models: ModelStore;
  readonly labelModels: LabelModelStore;
  readonly mediaFacts: MediaFactStore;
  readonly imageHashes: ImageHashStore;
  readonly views: ViewStore;
  readonly tokens: TokenStore;
  readonly jobs: JobQueue;
  readonly studio: StudioStore;
  /** The engine's own check of its files; an empty list is a clean bill. */
  integrityProblems(): Promise<string[]>;
  close(): Promise<void>;
}
