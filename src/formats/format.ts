/** The port of file formats: codecs between bytes and tasks. No file, no network; everything streams. */
import type { Annotation, IsoTime, Labeler, Prediction, Region, Task } from '../core/domain.ts';
import type { AppError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import type { LabelConfig } from '../labelconfig/index.ts';

/** The bytes of one file, in pieces of any size. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Format {
  /** What flags and URLs call it. */
  readonly name: string;
  /** One line for people. */
  readonly title: string;
  /** Without the dot, the usual one first. */
  readonly extensions: readonly string[];
  readonly mediaTypes: readonly string[];
  readonly read?: Reader;
  readonly write?: Writer;
  /** Formats of one file per task, with a few shared ones. */
  readonly readFolder?: FolderReader;
  readonly writeFolder?: FolderWriter;
  /** What it can hold, a few words for the docs: "boxes, polygons". */
  readonly holds: string;
}

export type FolderReader = (files: InputFiles, options?: ReadOptions) => AsyncGenerator<ImportedRow>;

/** Starts from the first file each time it is called. */
export type InputFiles = () => AsyncIterable<InputFile> | Iterable<InputFile>;

export interface InputFile {
  /** Relative, with slashes. */
  readonly path: string;
  readonly bytes: Bytes;
}

export type FolderWriter = (rows: ExportRows, options?: WriteOptions) => AsyncGenerator<OutputFile>;

export interface OutputFile {
  /** Relative, with slashes, never leaving the folder: names that come from tasks are made safe. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** Rows in file order, in memory bounded by the largest row. */
export type Reader = (bytes: Bytes, options?: ReadOptions) => AsyncGenerator<ImportedRow>;

export interface ReadOptions {
  /**
   * Called for a row that cannot be used, when reading can go on behind it. Without it the first bad row ends the
   * import by throwing the same error.
   */
  readonly onBadRow?: (error: AppError) => void;
  /** Needed by formats whose files do not say what their labels belong to. */
  readonly config?: LabelConfig;
}

export interface ImportedRow {
  /** 1-based, counting rows and not lines. */
  readonly row: number;
  readonly task: ImportedTask;
}

export interface ImportedTask {
  /** As the file gives it, for finding duplicates; a new task gets an id of its own. */
  readonly id: number | string | null;
  readonly data: JsonObject;
  readonly meta: JsonObject;
  readonly annotations: readonly ImportedAnnotation[];
  readonly predictions: readonly ImportedPrediction[];
}

export interface ImportedAnnotation {
  /** Name, e-mail or number of who gave it; null when the file does not say. */
  readonly annotator: string | null;
  readonly result: readonly Region[];
  readonly skipped: boolean;
  readonly groundTruth: boolean;
  readonly visibleMs: number | null;
  readonly note: string;
  /** The answer's own key (`unique_id`), so that importing a file twice can be noticed. */
  readonly submissionId: string | null;
  readonly createdAt: IsoTime | null;
}

export interface ImportedPrediction {
  readonly labeler: LabelerName;
  readonly result: readonly Region[];
  /** 0..1, or null. */
  readonly score: number | null;
  readonly createdAt: IsoTime | null;
}

export type LabelerName = Pick<Labeler, 'kind' | 'name' | 'version'>;

/** Pieces of the written file. Rows are asked for twice by formats whose head depends on all of them. */
export type Writer = (rows: ExportRows, options?: WriteOptions) => AsyncGenerator<string>;

/** Starts from the first row each time it is called. */
export type ExportRows = () => AsyncIterable<ExportRow> | Iterable<ExportRow>;

export interface WriteOptions {
  /** Told, in a sentence, of every task that loses something because the format cannot hold it. */
  readonly onLoss?: (taskId: number, message: string) => void;
  readonly config?: LabelConfig;
  /** Put a quote before cells that a spreadsheet would run as a formula. */
  readonly escapeFormulas?: boolean;
}

/** A task with the labels that were chosen for export. */
export interface ExportRow {
  readonly task: Task;
  readonly annotations: readonly ExportAnnotation[];
  readonly predictions: readonly ExportPrediction[];
}

export interface ExportAnnotation extends Annotation {
  readonly labeler: LabelerName;
  /** Of a consensus: how far the other answers agree with it, 0..1; null when there is no other. */
  readonly agreement?: number | null;
}

/** Suggestions that are built on read have no id of their own. */
export interface ExportPrediction extends Omit<Prediction, 'id' | 'labelerId' | 'projectId' | 'taskId'> {
  readonly id: number | null;
  readonly labeler: LabelerName;
}
