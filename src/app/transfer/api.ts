/** Files in and out, as one interface in plain data. */
import type { Template } from '../../labelconfig/index.ts';

export interface ImportRequest {
  readonly projectId: number;
  /** File name as given: its ending helps to find the format. */
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
  readonly format?: string;
  /** Leave bad rows out, and list them, instead of refusing the whole import. */
  readonly skipInvalid?: boolean;
  /** Fields that hold predictions instead of data. */
  readonly preannotatedFields?: readonly string[];
  readonly annotatorId: number;
}

export interface ImportOutcome {
  readonly jobId: number;
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
  /** Pictures, sounds and films as well, in one zip with the file; the tasks in it point to them.
   * `of-pictures`: only with formats of pictures. */
  readonly withMedia?: boolean | 'of-pictures';
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
