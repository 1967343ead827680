/**
 * What Headstart can do, as one interface: the server and the command line know this and nothing below it.
 * Each method is a use case in a file of its own; `createApp` (app/create.ts) binds them to their ports.
 */
import type {
  Annotation,
  Job,
  ModelSummary,
  ModelVersion,
  Project,
  ProjectSettings,
  Region,
  Role,
  Run,
  Task,
  Token,
  Vote,
} from '../core/domain.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Template } from '../labelconfig/index.ts';
import type { Media, NewUpload, Upload } from '../media/media.ts';
import type { Projection, StopAdvice } from '../sampling/index.ts';
import type { Page, ProjectCounts } from '../store/store.ts';
import type { LearningApi } from './learning/api.ts';
import type { LibraryApi } from './library/library-api.ts';
import type { ServingApi } from './library/serving-api.ts';
import type { RulesApi } from './rules/api.ts';
import type { ScriptsApi } from './scripts/scripts-api.ts';
import type { SpreadApi } from './spread/api.ts';
import type { StudioApi } from './studio/studio-api.ts';
import type { PromotionApi } from './suggestions/promote.ts';

/** Who is asking; found by the server from a token, or the local owner. */
export interface Identity {
  readonly annotatorId: number;
  readonly name: string;
  readonly role: Role;
  /** The only project this identity may touch; null for all. */
  readonly projectId: number | null;
}

export interface App {
  readonly projects: ProjectsApi;
  readonly tasks: TasksApi;
  readonly transfer: TransferApi;
  readonly media: MediaApi;
  readonly queue: QueueApi;
  readonly annotations: AnnotationsApi;
  readonly predictions: PredictionsApi;
  readonly runs: RunsApi;
  readonly jobs: JobsApi;
  readonly models: ModelsApi;
  readonly library: LibraryApi;
  readonly people: PeopleApi;
  readonly insights: InsightsApi;
  readonly learning: LearningApi;
  readonly rules: RulesApi;
  readonly promotion: PromotionApi;
  readonly serving: ServingApi;
  readonly studio: StudioApi;
  readonly scripts: ScriptsApi;
  readonly spread: SpreadApi;
  /** Stops taking work, gives running jobs back, closes every thread, process and file. */
  close(): Promise<void>;
}

export interface ProjectInput {
  readonly title?: string;
  readonly description?: string;
  readonly instruction?: string;
  /** Label Studio XML. */
  readonly labelConfig?: string;
  readonly settings?: Partial<ProjectSettings>;
}

/** What to do with annotations when a change of the config takes their labels away. */
export interface LabelMigration {
  /** Old label -> new label, for renames and merges; annotations are rewritten. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Labels that disappear: `keep` leaves the annotations as they are, `drop` removes the label from them. */
  readonly removed?: 'keep' | 'drop';
}

export interface ProjectsApi {
  create(input: ProjectInput): Promise<Project>;
  get(id: number): Promise<Project>;
  list(options?: { archived?: boolean }): Promise<Project[]>;
  /** Changing `labelConfig` so that used labels vanish needs a `migration`, else LABELCONFIG_IN_USE names them. */
  update(id: number, input: ProjectInput & { archived?: boolean }, migration?: LabelMigration): Promise<Project>;
  delete(id: number): Promise<void>;
  counts(id: number): Promise<ProjectCounts>;
  /** A new project with the same config, settings and tasks (and their embeddings), without annotations. */
  duplicate(id: number, input: ProjectInput): Promise<Project>;
  /** Parses and checks a config without keeping it. */
  checkLabelConfig(xml: string): { controls: { name: string; type: string; labels: string[] }[] };
}

export interface TasksApi {
  get(id: number): Promise<Task>;
  list(projectId: number, page: Page): Promise<Task[]>;
  edit(id: number, change: { data?: JsonObject; meta?: JsonObject }): Promise<Task>;
  delete(projectId: number, ids: readonly number[]): Promise<number>;
  /** The tasks whose embeddings are nearest, best first, with their majority label. */
  similar(id: number, limit: number): Promise<{ task: Task; similarity: number; label: string | null }[]>;
  /** Every labeler's vote on the task, with origin; machine votes are withheld from whoever holds it as a blind task. */
  votes(id: number, who: Identity): Promise<VoteView[]>;
}

export interface VoteView {
  /** `annotator:anna`, `model:head@3f2a...`, `rule:12@...` */
  readonly labeler: string;
  readonly kind: string;
  readonly runId: number | null;
  readonly control: string;
  readonly label: string;
  readonly score: number | null;
  /** Of propagated votes: the labeled tasks that stand behind it, nearest first. */
  readonly sources?: readonly { readonly taskId: number; readonly similarity: number }[];
}

export interface ImportRequest {
  readonly projectId: number;
  /** File name as given: its ending helps to find the format. */
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly format?: string;
  /** Leave bad rows out, and list them, instead of refusing the whole import. */
  readonly skipInvalid?: boolean;
  readonly annotatorId: number;
}

export interface ImportOutcome {
  readonly runId: number;
  readonly taskCount: number;
  readonly annotationCount: number;
  readonly predictionCount: number;
  readonly format: string;
  readonly fields: string[];
  readonly skipped: { row: number; reason: string }[];
  readonly seconds: number;
}

/** What goes out; left out, nothing is held back. */
export interface ExportFilter {
  /** Answers of people (default), suggestions, both, or per task the one answer that the others agree with most. */
  readonly labels?: 'annotations' | 'predictions' | 'both' | 'consensus';
  /** Only tasks with such an answer (default), or all; with `both`, annotations decide. */
  readonly onlyLabeled?: boolean;
  /** Only tasks with as many annotations as the project's overlap asks for. */
  readonly onlyFinished?: boolean;
  /** Only these. */
  readonly taskIds?: readonly number[];
  /** `annotator:ada`, `model:head@3fa9`, without the version, or the name alone. */
  readonly labeler?: string;
  /** Of suggestions: `head@3fa9` or `3fa9`. */
  readonly modelVersion?: string;
  /** Of suggestions, and the agreement behind a consensus, 0..1; what has no score is left out. */
  readonly minScore?: number;
  /** Answers given or last changed at or after this time; ISO 8601. */
  readonly since?: string;
  /** ... and before this one. */
  readonly until?: string;
}

export interface ExportRequest extends ExportFilter {
  readonly projectId: number;
  readonly format: string;
  /** CSV and TSV: a quote before cells that a spreadsheet would run as a formula. */
  readonly escapeFormulas?: boolean;
  /** Pictures, sounds and films as well, in one zip with the file; the tasks in it point to them. */
  readonly withMedia?: boolean;
}

export interface ExportFile {
  readonly name: string;
  readonly mediaType: string;
  readonly body: AsyncIterable<string | Uint8Array>;
}

/** What a format could not hold of the tasks that were chosen. */
export interface ExportLosses {
  /** All of them; `losses` lists the first ones. */
  readonly count: number;
  readonly losses: readonly { readonly taskId: number; readonly message: string }[];
}

/** What a format can do: from or to a file, or a folder that travels as one zip. */
export interface FormatView {
  readonly name: string;
  readonly title: string;
  readonly holds: string;
  readonly reads: boolean;
  readonly writes: boolean;
  readonly folder: boolean;
  readonly extensions: readonly string[];
}

export interface TransferApi {
  /** All rows or none; resolves when the tasks are stored. Embedding and pre-labeling follow as jobs. */
  importTasks(request: ImportRequest): Promise<ImportOutcome>;
  /** Streams the file, a zip for formats of many files. Throws before the first byte if it cannot be made. */
  exportTasks(request: ExportRequest): Promise<ExportFile>;
  /** What `exportTasks` would leave out or bend, found by writing the file to nowhere. */
  exportLosses(request: ExportRequest): Promise<ExportLosses>;
  formats(): FormatView[];
  templates(): readonly Template[];
}

export interface UploadRequest {
  readonly projectId: number;
  readonly files: AsyncIterable<NewUpload>;
  /** One task per file, in the object tag that shows its kind; all of them or none. */
  readonly asTasks: boolean;
  readonly annotatorId: number;
}

export interface MediaApi {
  /**
   * What a field of the task shows; the first media field unless told otherwise, and the first of a list. Only fields
   * that the label config shows. The caller reads or closes it.
   */
  ofTask(taskId: number, options?: { field?: string; index?: number }): Promise<Media>;
  /** An upload of this project by the name in its address. */
  upload(projectId: number, name: string): Promise<Media>;
  /** Nothing is kept when any file cannot be used. */
  addUploads(request: UploadRequest): Promise<{ uploads: readonly Upload[]; imported: ImportOutcome | null }>;
}

/** Why a task stands where it stands: numbers, and one sentence made of them. */
export interface QueueReason {
  readonly strategy: string;
  /** `seed`, `uncertainty`, `random`, `blind`, `overlap`, `sequential`... */
  readonly phase: string;
  readonly rank: number;
  readonly score: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly margin: number | null;
  /** Euclidean distance on the unit sphere, 0..2, to the nearest labeled task. */
  readonly distance: number | null;
  readonly density: number | null;
  /** Share of the labelers (rules, models, look-alikes) against the leading label; null with fewer than two votes. */
  readonly disagreement: number | null;
  readonly sentence: string;
}

export interface QueueItem {
  readonly task: Task;
  /** Null on blind tasks and while there is no model. */
  readonly prediction: PredictionView | null;
  /** The label whose name alone fits, before there is a model: shown, never counted. Null on blind tasks. */
  readonly guess: string | null;
  /** Null on blind tasks, so that the page shows nothing that a normal task would not. */
  readonly reason: QueueReason | null;
  readonly blind: boolean;
  /** Milliseconds since the epoch. */
  readonly leaseExpiresAt: number;
}

export interface QueueState {
  readonly strategy: string;
  readonly embedder: string;
  readonly phase: string;
  /** Tasks that the policy can rank (embedded), of `tasks`. */
  readonly ranked: number;
  readonly tasks: number;
  /** Null when the policy does not count them. */
  readonly annotationsUntilRetrain: number | null;
  readonly modelVersion: string | null;
  readonly modelNumber: number | null;
}

export interface QueueApi {
  /**
   * Leases the next task to this annotator; undefined when nothing is left for them. Tasks they hold already come first
   * and are prolonged, except those of `exclude`: what a page that fetches ahead has or has just answered.
   */
  next(projectId: number, who: Identity, options?: { exclude?: readonly number[] }): Promise<QueueItem | undefined>;
  /** Gives a lease back without an answer; `postpone` puts the task behind all others for this annotator. */
  release(taskId: number, who: Identity, options?: { postpone?: boolean }): Promise<void>;
  /** The head of the queue with reasons, without leasing anything. */
  preview(projectId: number, limit: number): Promise<{ task: Task; reason: QueueReason }[]>;
  state(projectId: number): Promise<QueueState>;
  /** Recomputes the order from scratch. */
  rank(projectId: number): Promise<QueueState>;
  /** Milliseconds from a stored annotation to the new order, for the last ones of the project. */
  rerankTimesMs(projectId: number): number[];
}

export interface AnswerInput {
  readonly taskId: number;
  readonly result: readonly Region[];
  readonly skipped?: boolean;
  readonly groundTruth?: boolean;
  readonly visibleMs?: number | null;
  readonly via?: Annotation['via'];
  readonly parentPrediction?: number | null;
  readonly note?: string;
  /** The client's key for this answer; a repeated submit is answered with the first one. */
  readonly submissionId?: string;
}

export interface AnnotationsApi {
  /** Durable when it resolves. `created: false` for a repeated submissionId. */
  submit(input: AnswerInput, who: Identity): Promise<{ annotation: Annotation; created: boolean }>;
  get(id: number): Promise<Annotation>;
  update(id: number, change: Partial<AnswerInput>, who: Identity): Promise<Annotation>;
  /** Takes an answer back; `lease` gives the task to its author again in the same step, so that nobody comes between. */
  delete(id: number, options?: { lease?: boolean }): Promise<void>;
  ofTask(taskId: number): Promise<Annotation[]>;
  list(projectId: number, page: Page): Promise<Annotation[]>;
  recent(projectId: number, who: Identity, limit: number): Promise<Annotation[]>;
}

export interface PredictionsApi {
  get(id: number): Promise<PredictionView>;
  /** Stored predictions of the task and, built on read, what the active model says of it. */
  ofTask(taskId: number): Promise<PredictionView[]>;
  /** Current suggestion for each of these tasks, built on read; used by lists and exports. */
  current(projectId: number, page: Page): Promise<PredictionView[]>;
  add(
    taskId: number,
    input: { result: readonly Region[]; score?: number | null; modelVersion?: string },
  ): Promise<PredictionView>;
}

export interface PredictionView {
  /** Null when built on read from votes. */
  readonly id: number | null;
  readonly projectId: number;
  readonly taskId: number;
  readonly result: readonly Region[];
  readonly score: number | null;
  readonly modelVersion: string;
  readonly runId: number | null;
  readonly createdAt: string;
}

export interface RunsApi {
  list(projectId: number): Promise<Run[]>;
  get(id: number): Promise<Run>;
  votes(id: number, page: Page): Promise<Vote[]>;
  undo(id: number): Promise<Run>;
  redo(id: number): Promise<Run>;
}

export interface JobsApi {
  list(options: { projectId?: number; limit: number }): Promise<Job[]>;
  get(id: number): Promise<Job>;
  /** By task id. */
  failures(id: number, page: Page): Promise<{ taskId: number; code: string; message: string }[]>;
  /** It stops at the end of its chunk and keeps what it has done. CONFLICT for kinds that run through. */
  pause(id: number): Promise<Job>;
  resume(id: number): Promise<Job>;
  cancel(id: number): Promise<Job>;
  /** One that failed or was cancelled goes on from where it stopped; one that is done runs its failed items again. */
  retry(id: number): Promise<Job>;
  /** Resolves when the job has ended. */
  wait(id: number, signal?: AbortSignal): Promise<Job>;
  changedSince(revision: number, limit: number): Promise<Job[]>;
  onChange(listener: (job: Job) => void): () => void;
  /** Embeds and pre-labels what lacks it. */
  prelabel(projectId: number): Promise<Job>;
  train(projectId: number): Promise<Job>;
}

export interface ModelsApi {
  /** Embedders of the manifest, with what this machine can do with them. */
  available(): Promise<{ name: string; kind: string; version: string; dim: number; ready: boolean; note: string }[]>;
  versions(projectId: number): Promise<ModelSummary[]>;
  /** Items whose predicted label differs between two versions. */
  compare(
    projectId: number,
    from: number,
    to: number,
  ): Promise<{ total: number; flipped: { taskId: number; from: string; to: string }[] }>;
  /** Serves this version, unchanged, until a newer one is activated by hand or by `unpin`. */
  activate(projectId: number, versionId: number): Promise<ModelVersion>;
  unpin(projectId: number): Promise<void>;
}

export interface PeopleApi {
  /** The owner of this data folder, who needs no token on the machine itself. */
  localOwner(): Promise<Identity>;
  /** Makes a token; its plain text is returned here and never again. */
  invite(input: { name: string; role: Role; projectId: number | null }): Promise<{ token: Token; secret: string }>;
  /** A token of their own for somebody who came by an invite link. Throws CONFLICT when the name is taken. */
  join(name: string, projectId: number): Promise<{ token: Token; secret: string }>;
  tokens(): Promise<Token[]>;
  revoke(tokenId: number): Promise<void>;
  /** Undefined for an unknown or revoked token. */
  identify(secret: string): Promise<Identity | undefined>;
  annotators(
    projectId: number,
  ): Promise<{ id: number; name: string; annotations: number; skipped: number; medianVisibleMs: number | null }[]>;
}

/** What the blind random slice and the answers say of the suggestions; null where there is too little to say. */
export interface Insights {
  /** Accuracy of the model of the moment on the blind answers so far, one point per blind answer. */
  readonly curve: readonly (ShareWithInterval & { readonly labels: number })[];
  /** Suggestions that were accepted as they stood. */
  readonly acceptance: ShareWithInterval | null;
  /** The hidden suggestions of the blind slice against the answers. */
  readonly blindAccuracy: ShareWithInterval | null;
  /** Median visible time with a suggestion and without one. */
  readonly timeSaved: {
    readonly aidedMs: number;
    readonly blindMs: number;
    /** 1 - aided / blind, with an 80 % bootstrap interval. */
    readonly saved: number;
    readonly low: number;
    readonly high: number;
    readonly aided: number;
    readonly blind: number;
  } | null;
  /** How far showing a suggestion pulls answers towards it, in percentage points. */
  readonly bias: { readonly points: number; readonly low: number; readonly high: number } | null;
  /** Where the curve of blind answers goes; null with too few of them. */
  readonly projection: Projection | null;
}

/** What `InsightsApi.of` adds to the answers: versions held against each other. */
export interface InsightsWithAdvice extends Insights {
  readonly stopAdvice: StopAdvice;
}

/** The annotations most likely wrong. */
export interface DoubtfulAnnotations {
  /** Annotations that held-out probabilities could speak about. */
  readonly judged: number;
  /** How many of them are wrong by confident learning. */
  readonly estimated: number;
  /** The likeliest error first. */
  readonly results: readonly DoubtfulAnnotation[];
}

export interface DoubtfulAnnotation {
  readonly annotationId: number;
  readonly taskId: number;
  readonly annotatorId: number;
  readonly given: readonly string[];
  readonly suggested: readonly string[];
  /** Probability of what is in doubt, 0..1. */
  readonly confidence: number;
  /** What was given minus the likeliest alternative, -1..1. */
  readonly margin: number;
  readonly confident: boolean;
}

export interface ShareWithInterval {
  readonly n: number;
  readonly hits: number;
  /** 0..1. */
  readonly share: number;
  /** 95 % Wilson interval. */
  readonly low: number;
  readonly high: number;
}

export interface InsightsApi {
  of(projectId: number): Promise<InsightsWithAdvice>;
  /** At most `limit` annotations for a second look. */
  labelErrors(projectId: number, limit: number): Promise<DoubtfulAnnotations>;
}

export type { Json, Media, NewUpload, Upload };
