/** The port to the models of this installation: those that ship with it and those that people add, with their versions. */
import type { ModelInfo } from '../backend.ts';
import type { ModelEntry } from '../manifest.ts';
import type { LinearHead } from '../onnx-head.ts';

/** One version of a model. */
export interface LibraryVersion {
  readonly info: ModelInfo;
  readonly entry: ModelEntry;
  /** Ships with the package: it can be neither removed nor replaced. */
  readonly builtin: boolean;
  /** Answers calls by its name. */
  readonly serving: boolean;
  /** Runs beside the serving one and is compared with it; nobody sees what it says. */
  readonly shadow: boolean;
  /** Where it came from, for people: a folder's name, a package, an address without its query. */
  readonly origin: string;
  /** ISO 8601; null for built-in ones. */
  readonly addedAt: string | null;
  /** What was assumed of it, in words. */
  readonly assumed: readonly string[];
}

/** What happened to a name, oldest first. */
export interface LibraryEvent {
  readonly at: string;
  readonly name: string;
  readonly version: string;
  readonly act: 'added' | 'served' | 'rolled back' | 'refused' | 'removed';
  readonly reason: string;
}

export interface NewModelFile {
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface AddOptions {
  /** Lower-case letters, digits, `-`, `.`; made from the model file when left out. */
  readonly name?: string;
  readonly license?: string;
  /** Keep it beside the serving version instead of taking over. */
  readonly shadow?: boolean;
  readonly origin: string;
}

export interface PullRequest {
  /** An address, or `npm:package/folder` of an installed package. */
  readonly source: string;
  /** Further addresses: labels, a tokenizer. */
  readonly beside?: readonly string[];
  readonly name?: string;
  readonly license?: string;
  /** Of the model file; without it, the first pull of an address decides what later ones must be. */
  readonly sha256?: string;
  readonly shadow?: boolean;
}

export type PullProgress = (progress: {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
}) => Promise<void>;

export interface ModelBench {
  readonly id: string;
  readonly items: number;
  readonly itemsPerSecond: number;
  /** One item alone. */
  readonly msPerItem: number;
}

export interface VerifiedFile {
  readonly id: string;
  readonly file: string;
  readonly ok: boolean;
  readonly reason: string;
}

export interface ModelLibrary {
  /** Serving versions first within a name. */
  list(): readonly LibraryVersion[];
  /** By `name@version`, or the serving version of a name. Throws NOT_FOUND. */
  get(model: string): LibraryVersion;
  /**
   * Keeps the files, finds out what they are, loads them in a process of their own, warms up, checks golden answers, and
   * only then lets the new version take over. Nothing is kept when any of it fails.
   * Throws INPUT_BAD_FIELD (a name), LIMIT_SIZE, BACKEND_LOAD, BACKEND_UNVERIFIED, BACKEND_BAD_OUTPUT (a golden answer).
   */
  add(files: AsyncIterable<NewModelFile>, options: AddOptions): Promise<LibraryVersion>;
  /** The same from an address or a package; goes on where it was cut off. */
  pull(request: PullRequest, progress: PullProgress, signal: AbortSignal): Promise<LibraryVersion>;
  /** Loads it in a fresh process, checks it, and lets it take over; calls under way end with the version they began with. */
  serve(id: string, act: 'served' | 'rolled back'): Promise<LibraryVersion>;
  /** Back to the version that served before this one; again, to the one before that. Throws CONFLICT when there is none. */
  rollback(name: string): Promise<LibraryVersion>;
  /** Throws CONFLICT for a built-in version, and for a serving one while its name has others. */
  remove(id: string): Promise<void>;
  /** Oldest first, of removed models too. Throws NOT_FOUND for a name that no model ever had. */
  history(name?: string): readonly LibraryEvent[];
  /** Reads every file again. */
  verify(model?: string): Promise<readonly VerifiedFile[]>;
  bench(model: string): Promise<ModelBench>;
  /** The embedder's graph with a head behind it, as one ONNX file; null where it is no graph that one can stand behind. */
  graphWithHead(id: string, head: LinearHead): Promise<Uint8Array | null>;
  /** Bytes of a version's files, checked; for exports. */
  files(id: string): Promise<ReadonlyMap<string, Uint8Array>>;
}
