/** The nouns of the product as plain data. Section 3 of the design is their prose. */
import type { PlainError } from './errors.ts';
import type { Json, JsonObject } from './json.ts';

/** ISO 8601, UTC. */
export type IsoTime = string;

export interface Project {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  /** What annotators are told; plain text. */
  readonly instruction: string;
  /** Label Studio XML. */
  readonly labelConfig: string;
  readonly settings: ProjectSettings;
  /** Ordinals given out so far, tombstones included: the height of the project's tensors. */
  readonly ordinals: number;
  readonly createdAt: IsoTime;
  readonly updatedAt: IsoTime;
  readonly archivedAt: IsoTime | null;
}

export interface ProjectSettings {
  /** Name of a registered query strategy. */
  readonly queryStrategy: string;
  /** Seeds everything random in the project: blind slice, ties, folds. */
  readonly seed: number;
  /** Annotations wanted per task. */
  readonly overlap: number;
  /** Share of tasks kept for the blind random slice, 0..1: shown without a suggestion. */
  readonly blindShare: number;
  readonly leaseSeconds: number;
  /** Newly labeled tasks that ask for a training; 0 = never by count. */
  readonly retrainEvery: number;
  /** The same for new ground truth. */
  readonly retrainEveryVerified: number;
  /** Hours after the last training, if there are new labels by then; 0 = no schedule. */
  readonly retrainEveryHours: number;
  /** Train when the hidden suggestions of the random slice are worse than their probabilities claim. */
  readonly retrainOnDrift: boolean;
  /** Embedder the head stands on: a name of the model manifest. */
  readonly embedder: string;
  /** A model version chosen by hand: served unchanged and not replaced by training. Null: the best one serves. */
  readonly pinnedVersion: number | null;
  /** The same for further controls, by their name; the one above is the first control's. */
  readonly pinnedFurther?: Readonly<Record<string, number>>;
  /** Control -> name of the registered model that pre-labels it. Projects of old have none. */
  readonly models?: Readonly<Record<string, string>>;
}

export interface Task {
  readonly id: number;
  readonly projectId: number;
  /** Dense row number in the project's tensors; an edited task gets a new one. */
  readonly ordinal: number;
  readonly data: JsonObject;
  readonly meta: JsonObject;
  readonly createdAt: IsoTime;
  readonly updatedAt: IsoTime;
}

/** One entry of an annotation's or prediction's `result`, in Label Studio's wire form. */
export type Region = JsonObject;

export type LabelerKind = 'annotator' | 'model' | 'rule' | 'neighbour';

/** Anything that votes. Written `kind:name@version` (annotators have no version). */
export interface Labeler {
  readonly id: number;
  readonly kind: LabelerKind;
  readonly name: string;
  readonly version: string;
}

/** How the answer relates to the suggestion that was shown, computed by the server. */
export type AnswerOutcome = 'accepted' | 'changed' | 'unaided';

export interface Annotation {
  readonly id: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly annotatorId: number;
  readonly result: readonly Region[];
  /** Skipped: `was_cancelled` on the wire. */
  readonly skipped: boolean;
  readonly groundTruth: boolean;
  /** Milliseconds the task was visible to the annotator; null when unknown. */
  readonly visibleMs: number | null;
  /** How it was given. */
  readonly via: 'key' | 'click' | 'api' | 'import';
  /** The suggestion that was shown, a row of `predictions`. */
  readonly parentPrediction: number | null;
  readonly outcome: AnswerOutcome;
  /** Per-region difference to the suggestion: counts of accepted, changed, added, removed. */
  readonly difference: JsonObject;
  /** Belongs to the blind random slice. */
  readonly blind: boolean;
  /** What a blind answer said before somebody settled it in sight of a suggestion; null while nobody has. */
  readonly blindResult: readonly Region[] | null;
  /** Free note of the annotator ("flagged: ..."); empty when there is none. */
  readonly note: string;
  /** The client's own key for this answer: a repeated submit returns the first row. */
  readonly submissionId: string;
  /** The bulk act that wrote it (import, promotion), else null. */
  readonly runId: number | null;
  readonly createdAt: IsoTime;
  readonly updatedAt: IsoTime;
}

/** A suggestion as it was shown or imported: kept word for word, so that answers can be held against it. */
export interface Prediction {
  readonly id: number;
  readonly projectId: number;
  readonly taskId: number;
  readonly labelerId: number;
  readonly runId: number | null;
  readonly result: readonly Region[];
  /** Calibrated probability 0..1, or null. */
  readonly score: number | null;
  readonly createdAt: IsoTime;
}

/** A class of a control. Votes name it by id, so renaming or merging never touches a million votes. */
export interface Label {
  readonly id: number;
  readonly projectId: number;
  readonly control: string;
  readonly value: string;
  readonly removedAt: IsoTime | null;
}

/** One machine vote: labeler, task, class, confidence. No row means ABSTAIN. */
export interface Vote {
  readonly runId: number;
  readonly taskId: number;
  readonly labelId: number;
  /** Given in runs with several labelers (rules); else the labeler is the run's. */
  readonly labelerId?: number;
  /** 0..1. */
  readonly score: number;
}

/** Rules as their author wrote them: immutable, numbered 1, 2, 3... inside a project. */
export interface RuleDocument {
  readonly id: number;
  readonly projectId: number;
  readonly number: number;
  /** First 12 hex digits of the hash of everything that decides what its rules vote. */
  readonly version: string;
  /** YAML or JSON, word for word. */
  readonly text: string;
  /** Words of the lists that the document names. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly ruleCount: number;
  /** Its regular expressions with what was found out about each when it was saved. */
  readonly patterns: readonly JsonObject[];
  readonly createdAt: IsoTime;
}

/** What weighs the votes of a control, as it was last fitted: one per control, replaced by each fit. */
export interface StoredLabelModel {
  readonly projectId: number;
  readonly control: string;
  /** First 12 hex digits of the hash of `body`. */
  readonly version: string;
  /** As the application defines it: who votes, in which runs, with which weights. */
  readonly body: JsonObject;
  readonly createdAt: IsoTime;
}

export type RunKind = 'import' | 'prelabel' | 'rules' | 'propagation' | 'auto-accept' | 'promote';

/** One bulk act. Everything it wrote carries its id; undo marks it revoked and its effects vanish from every reading. */
export interface Run {
  readonly id: number;
  readonly projectId: number;
  readonly kind: RunKind;
  readonly labelerId: number | null;
  /** One sentence for people. */
  readonly summary: string;
  readonly params: JsonObject;
  readonly state: 'running' | 'done' | 'failed';
  /** What it wrote so far. */
  readonly written: number;
  readonly createdAt: IsoTime;
  readonly finishedAt: IsoTime | null;
  readonly revokedAt: IsoTime | null;
}

/** `paused`: it keeps what it has done, and waits, also over a restart, for somebody to resume it. */
export type JobState = 'queued' | 'running' | 'paused' | 'done' | 'failed' | 'cancelled';

/** Queued work with progress. Chunks are resumed, effects are written once per (job, attempt) fence. */
export interface Job {
  readonly id: number;
  readonly projectId: number | null;
  readonly kind: string;
  readonly params: JsonObject;
  readonly state: JobState;
  /** What it is doing now, a few words. */
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** Items that failed, each with its reason in `failures`. */
  readonly failed: number;
  readonly attempts: number;
  readonly cancelRequested: boolean;
  readonly pauseRequested: boolean;
  /** Items per second of late; null while it does not run, and as long as too little is done to tell. */
  readonly rate: number | null;
  readonly error: PlainError | null;
  readonly output: Json;
  /** Grows with every change of any job: the id of its server-sent event. */
  readonly revision: number;
  readonly createdAt: IsoTime;
  readonly updatedAt: IsoTime;
}

/** A task handed to an annotator for a time. */
export interface Lease {
  readonly taskId: number;
  readonly annotatorId: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** The suggestion shown, if any. */
  readonly predictionId: number | null;
  readonly blind: boolean;
}

/** Immutable, content-addressed: the hash of its weights and of what it was trained on. */
export interface ModelVersion {
  readonly id: number;
  readonly projectId: number;
  readonly control: string;
  /** First 12 hex digits of the hash of the weights. */
  readonly version: string;
  /** Counts 1, 2, 3... inside project and control: what people say ("version 7"). */
  readonly number: number;
  readonly embedder: string;
  readonly trainedOn: number;
  /** Out-of-fold figures: accuracy, nll, ece... */
  readonly metrics: JsonObject;
  /** Serialised head, as the heads room defines it. */
  readonly head: Uint8Array;
  readonly active: boolean;
  /** Why it is or is not the active one, one sentence. */
  readonly verdict: string;
  readonly createdAt: IsoTime;
}

/** What lists show of a version: everything but its weights. */
export type ModelSummary = Omit<ModelVersion, 'head'>;

/** `invite` can do nothing but make an annotator's token for whoever opens the link. */
export type Role = 'owner' | 'annotator' | 'invite';

/** Who is asking. Tokens are stored hashed; the plain text is shown once. */
export interface Token {
  readonly id: number;
  readonly annotatorId: number;
  readonly role: Role;
  /** The only project it opens; null for all. */
  readonly projectId: number | null;
  readonly label: string;
  readonly createdAt: IsoTime;
  readonly revokedAt: IsoTime | null;
}
