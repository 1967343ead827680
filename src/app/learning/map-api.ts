/** The map of a project's embeddings, as an interface in plain data: drawn by a job, read with its colours. */
import type { Job } from '../../core/domain.ts';
import type { Point } from '../../core/geometry.ts';

export interface MapApi {
  /** Places all tasks, or beside the others those that are new; `anew` forgets the places there are. */
  drawMap(projectId: number, anew: boolean): Promise<Job>;
  /** Undefined before it was drawn for the embedder in use. */
  map(projectId: number): Promise<MapView | undefined>;
  /** Puts these tasks before all others; answered ones are left out. Returns how many that were. */
  queueFirst(projectId: number, taskIds: readonly number[]): Promise<number>;
}

/** An area of the map that was drawn as `drawn` says, by its corners in units of the map. */
export interface MapArea {
  readonly drawn: string;
  readonly corners: readonly Point[];
}

/** One place in each column per task, in the order of their numbers. */
export interface MapView {
  /** Changes when the map is drawn anew: areas chosen on another one mean nothing here. */
  readonly drawn: string;
  /** Name and version of the embedder that it stands on. */
  readonly embedder: string;
  /** Embedded tasks that have no place yet. */
  readonly unplaced: number;
  readonly labels: readonly string[];
  readonly taskIds: Uint32Array;
  /** (n x 2) */
  readonly xy: Float32Array;
  /** Index into `labels` of what people answered, or of what is suggested; -1 for neither. */
  readonly given: Int16Array;
  readonly suggested: Int16Array;
  /** 0..254: how unsure the suggestion is, 1 - score; 255 where it has no number. */
  readonly unsure: Uint8Array;
}
