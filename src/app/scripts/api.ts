/** What scripts written for Label Studio do beyond our own calls: lists by filter, snapshots, predictions in bulk. */
import type { Job, Region, Task } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Page } from '../../store/ports/page.ts';
import type { PredictionCount } from '../../store/ports/predictions.ts';
import type { ViewRow } from '../../store/ports/views.ts';
import type { PredictionView } from '../suggestions/api.ts';
import type { ExportFile, ExportFilter, ImportOutcome, ImportRequest } from '../transfer/api.ts';

export interface ScriptsApi {
  /** One task, by an import of its own. */
  createTask(projectId: number, input: NewTaskInput): Promise<Task>;
  /** The tasks that an import made, in order. */
  taskIdsOf(runId: number): Promise<number[]>;
  deleteAllTasks(projectId: number): Promise<number>;
  /**
   * Ids of the tasks that a query of Label Studio's Data Manager chooses; with `fresh` as they are now, otherwise as they
   * were for somebody who turns the pages. Throws INPUT_BAD_FIELD naming what it cannot do.
   */
  select(projectId: number, query: TaskQuery, options?: { fresh?: boolean }): Promise<readonly number[]>;

  /** A result as Label Studio takes it: regions, the value of one, or a label. */
  regionsFrom(projectId: number, result: unknown): Promise<readonly Region[]>;
  /** Predictions that came from elsewhere, by API or in an import, of the tasks of this page. */
  madeElsewhere(projectId: number, page: Page): Promise<PredictionView[]>;
  /** All of them or none; returns how many. */
  addPredictions(projectId: number, given: readonly PredictionInput[]): Promise<number>;
  /** Only of predictions that came from elsewhere: what was shown here stays on record. */
  updatePrediction(id: number, change: PredictionChange): Promise<PredictionView>;
  deletePrediction(id: number): Promise<void>;

  /** A job that keeps the rows of an export as they are now; they can be read in every format later. */
  createSnapshot(projectId: number, input: SnapshotInput): Promise<Job>;
  /** Newest first. */
  snapshots(projectId: number): Promise<Job[]>;
  snapshot(projectId: number, id: number): Promise<Job>;
  readSnapshot(projectId: number, id: number, format: string): Promise<ExportFile>;
  deleteSnapshot(projectId: number, id: number): Promise<void>;

  /** Checks a file and keeps it without making tasks of it: an import that waits. LIMIT_SIZE when too many wait. */
  holdImport(
    request: ImportRequest,
  ): Promise<{ readonly import: ImportView; readonly skipped: ImportOutcome['skipped'] }>;
  /** Makes tasks of files that wait. NOT_FOUND for what is no file of this project that waits; then nothing is done. */
  commitImports(projectId: number, ids: readonly number[]): Promise<ImportOutcome[]>;
  /** Forgets files that wait; returns how many. */
  dropImports(projectId: number, ids: readonly number[]): Promise<number>;
  /** Imports of a project, newest first. */
  imports(projectId: number): Promise<ImportView[]>;
  import(projectId: number, id: number): Promise<ImportView>;

  /** Oldest first. What they choose is read by `select`, which refuses what it does not know. */
  views(projectId: number): Promise<ViewRow[]>;
  view(id: number): Promise<ViewRow>;
  createView(projectId: number, data: JsonObject): Promise<ViewRow>;
  updateView(id: number, data: JsonObject): Promise<ViewRow>;
  deleteView(id: number): Promise<void>;

  /** Predictions on record in a project. */
  predictionsStored(projectId: number): Promise<number>;
  modelVersions(projectId: number): Promise<ModelVersionCount[]>;
  /** Deletes what was made elsewhere under this name; returns how many. CONFLICT when all of it stays on record. */
  deleteModelVersion(projectId: number, name: string): Promise<number>;
}

/** A version with predictions on record. */
export interface ModelVersionCount extends PredictionCount {
  readonly name: string;
  /** By a model, a rule or a person of this place: never deleted by name. */
  readonly madeHere: boolean;
}

export interface ImportView {
  readonly job: Job;
  /** Its file waits for `commitImports`. */
  readonly waits: boolean;
  readonly name: string;
  readonly runId: number;
  readonly format: string;
  readonly fields: readonly string[];
  readonly preannotatedFields: readonly string[];
  readonly rows: number;
  /** Null until it is done. */
  readonly counts: { readonly annotations: number; readonly predictions: number } | null;
}

export interface NewTaskInput {
  readonly data: JsonObject;
  readonly annotatorId: number;
}

export interface TaskQuery {
  readonly filters?: { readonly conjunction?: string; readonly items?: readonly TaskFilterItem[] };
  readonly ordering?: readonly string[];
  readonly selectedItems?: Selection;
}

export interface Selection {
  readonly all?: boolean;
  readonly included?: readonly number[];
  readonly excluded?: readonly number[];
}

export interface TaskFilterItem {
  /** `filter:tasks:data.text` */
  readonly filter: string;
  readonly operator: string;
  readonly value?: unknown;
}

export interface PredictionInput {
  readonly task: number;
  readonly result: unknown;
  readonly score?: number | null;
  readonly modelVersion?: string;
}

export interface PredictionChange {
  readonly result?: unknown;
  readonly score?: number | null;
}

export interface SnapshotInput extends ExportFilter {
  readonly title: string;
}

export type { ViewRow };
