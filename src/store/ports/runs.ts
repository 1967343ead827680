/** Bulk acts: a port of the store. */
import type { Run, RunKind } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';

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
