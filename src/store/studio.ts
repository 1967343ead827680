/** Connections to Label Studio servers: who is connected, which task and annotation is which, and what came in. A port. */
import type { Connection, InboxRow, StudioTask, Trainer } from '../core/connection.ts';
import type { Annotation, Task } from '../core/domain.ts';
import type { JsonObject } from '../core/json.ts';
import type { NewAnnotation, NewTask, Page } from './store.ts';

export interface NewStudioTask {
  readonly studioId: number;
  readonly dataHash: string;
  readonly task: NewTask;
}

export interface StudioAnnotation {
  readonly studioId: number;
  /** ISO time of its last change over there: an older word never replaces a newer one. */
  readonly changedAt: string;
  readonly annotation: NewAnnotation;
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

  /** Stores or changes an annotation, knowledge and answer in one step; undefined when nothing changed. */
  saveAnnotation(connectionId: number, given: StudioAnnotation): Promise<Annotation | undefined>;
  /** Takes annotations back, also ones that have not come yet; returns the tasks of those that were here. */
  dropAnnotations(connectionId: number, studioIds: readonly number[]): Promise<number[]>;
  /** Their ids of the annotations that are here for this task. */
  annotationsOf(connectionId: number, taskId: number): Promise<number[]>;

  /** Durable when it resolves. The same body while it waits is kept once. */
  receive(connectionId: number, digest: string, body: string): Promise<void>;
  /** Oldest first: what was tried fewer times than `attemptsMax`. */
  inbox(page: Page, attemptsMax: number): Promise<InboxRow[]>;
  /** It has taken effect. */
  settle(id: number): Promise<void>;
  /** It failed once more. */
  failed(id: number, error: string): Promise<void>;
  /** What still waits or has failed for good. */
  waiting(connectionId: number): Promise<InboxRow[]>;

  trainer(projectId: number): Promise<Trainer | undefined>;
  setTrainer(trainer: Trainer): Promise<void>;
  removeTrainer(projectId: number): Promise<void>;
}
