/** Saved filters of a task list: a port of the store. */
import type { JsonObject } from '../../core/json.ts';

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
