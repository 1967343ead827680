/** What is known of files without opening them again: a port of the store. */
import type { PlainError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';

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

export interface ImageHashStore {
  ofTasks(taskIds: readonly number[]): Promise<ImageHashRow[]>;
  /** Replaces what is known of these tasks; those that are gone by now are left out. */
  put(rows: readonly ImageHashRow[]): Promise<void>;
}
