/** Connections to Label Studio servers: who is connected, which task and annotation is which, and what came in. A port. */
import type {
  Connection,
  InboxRow,
  SendingAnnotation,
  SharedAnnotation,
  StudioTask,
  Trainer,
} from '../../core/connection.ts';
import type { Annotation, Task } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { NewAnnotation } from './annotations.ts';
import type { NewJob } from './jobs.ts';
import type { Page } from './page.ts';
import type { NewTask } from './tasks.ts';

export interface NewStudioTask {
  readonly studioId: number;
  readonly dataHash: string;
  readonly task: NewTask;
}

export interface StudioAnnotation {
  readonly studioId: number;
  readonly studioTask: number;
  /** Its `unique_id`, where the other side tells it. */
  readonly key: string | null;
  /** ISO time of its last change over there: an older word never replaces a newer one. */
  readonly changedAt: string;
  readonly annotation: NewAnnotation;
}

export interface SavedAnnotation {
  readonly annotation: Annotation;
  /** Both sides had changed it: what people here made of it stands beside it now, with this id, and is not there yet. */
  readonly kept: number | null;
}

export interface StudioStore {
  add(connection: Omit<Connection, 'id' | 'createdAt'>): Promise<Connection>;
  get(id: number): Promise<Connection | undefined>;
  /** By the hash of the secret in its address. */
  find(secretHash: string): Promise<Connection | undefined>;
  /** Of one project, or all. */
  list(projectId?: number): Promise<Connection[]>;
  update(id: number, change: Partial<Omit<Connection, 'id' | 'createdAt' | 'projectId'>>): Promise<Connection>;
  /** With everything it knows of the other side; tasks and annotations stay. */
  remove(id: number): Promise<void>;

  /** What is known of these ids of theirs, in no order. */
  tasks(connectionId: number, studioIds: readonly number[]): Promise<StudioTask[]>;
  /** By our ids. */
  ofTasks(connectionId: number, taskIds: readonly number[]): Promise<StudioTask[]>;
  /** By their id, after this one. */
  page(connectionId: number, after: number, limit: number, options?: { owed?: boolean }): Promise<StudioTask[]>;
  /** Adds those that are not known yet, task and knowledge in one step, and returns them; a repeated call adds nothing. */
  insertTasks(
    connectionId: number,
    runId: number,
    tasks: readonly NewStudioTask[],
  ): Promise<{ studioId: number; task: Task }[]>;
  /** Their data changed: ours follows, in one step. */
  changeTask(connectionId: number, studioId: number, change: { dataHash: string; data: JsonObject }): Promise<Task>;
  /** They are gone over there and must not come back by a late event; returns our ids of those that were here. */
  dropTasks(connectionId: number, studioIds: readonly number[]): Promise<number[]>;
  /** Versions of our predictions that the other side has, in no order. */
  versions(connectionId: number): Promise<string[]>;
  mark(
    connectionId: number,
    studioIds: readonly number[],
    change: { pushed?: string; pushing?: string; owed?: boolean },
  ): Promise<void>;

  /**
   * Stores or changes an annotation, knowledge and answer in one step; undefined when nothing changed. One that was sent
   * from here is known for ours; one that was changed here too since both sides agreed is kept beside theirs.
   */
  saveAnnotation(connectionId: number, given: StudioAnnotation): Promise<SavedAnnotation | undefined>;
  /**
   * Takes annotations back, also ones that have not come yet; returns the tasks of those that were here. What was
   * changed here since both sides agreed stays, and is returned as `kept`.
   */
  dropAnnotations(connectionId: number, studioIds: readonly number[]): Promise<{ tasks: number[]; kept: number[] }>;
  /** Their ids of the annotations that are here for this task. */
  annotationsOf(connectionId: number, taskId: number): Promise<number[]>;
  /** Which of these annotations of ours the other side has. */
  shared(connectionId: number, annotationIds: readonly number[]): Promise<SharedAnnotation[]>;
  /** Deleted here and not yet there, although their task is here; by their id, after this one. */
  deletedHere(connectionId: number, after: number, limit: number): Promise<SharedAnnotation[]>;
  /** Written down before it goes out. Returns what an earlier attempt had written down, which may have arrived. */
  sending(connectionId: number, one: SendingAnnotation): Promise<SendingAnnotation | undefined>;
  /** Both sides have this now (or, without a hash, neither): it is on its way no more. */
  agree(connectionId: number, one: SharedAnnotation): Promise<void>;

  /** Durable when it resolves. The same body while it waits is kept once. */
  receive(connectionId: number, digest: string, body: string): Promise<void>;
  /** Of one connection, oldest first: what was tried fewer times than `attemptsMax`. */
  inbox(connectionId: number, page: Page, attemptsMax: number): Promise<InboxRow[]>;
  /** The number of the newest event that is kept; numbers rise with time. 0: there is none. */
  newestEvent(): Promise<number>;
  /** It has taken effect. */
  settle(id: number): Promise<void>;
  /** It failed once more. */
  failed(id: number, error: string): Promise<void>;
  /** What still waits or has failed for good. */
  waiting(connectionId: number): Promise<InboxRow[]>;

  trainer(projectId: number): Promise<Trainer | undefined>;
  setTrainer(trainer: Trainer): Promise<void>;
  /** Takes the next call of this trainer for this count: true for one caller only, and not once it was changed or removed. */
  /** `call` is enqueued in the same write: a claim without its call would lose it. */
  claimCall(trainer: Trainer, count: number, call: NewJob): Promise<boolean>;
  /** Counts from here, where answers were taken back. Nothing happens when the trainer was changed meanwhile. */
  recount(trainer: Trainer, count: number): Promise<void>;
  removeTrainer(projectId: number): Promise<void>;
}
