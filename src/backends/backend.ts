/** The port to inference: what the rest of the house may ask of models, whatever runs them. */
import type { PlainError } from '../core/errors.ts';
import type { ModelEntry } from './manifest.ts';

/** One thing to run a model on. Bytes are an encoded file (JPEG, PNG, WAV): decoding is the host's work. */
export type InferenceItem = TextItem | BytesItem;
export interface TextItem {
  readonly text: string;
}
export interface BytesItem {
  readonly bytes: Uint8Array;
  /** For models that take clicks; all others look at the whole picture. */
  readonly prompt?: PicturePrompt;
}

/** What somebody points at, in shares 0..1 of the upright picture. */
export interface PicturePrompt {
  /** Clicks on the thing. */
  readonly on: readonly (readonly [x: number, y: number])[];
  /** Clicks on what does not belong to it. */
  readonly off: readonly (readonly [x: number, y: number])[];
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number } | null;
}

/** A person waits for `online`; `bulk` is background work and delays an online call by at most one batch. */
export type Lane = 'online' | 'bulk';

export type ModelInput = 'text' | 'image' | 'audio';

/**
 * Shape of one named output. Dense: `dim` floats per item (embedding, probabilities). Ragged: any number of records per
 * item, each with one float per field, such as boxes (`x y width height score class`) or spans (`start end score class`).
 */
export type OutputSpec = DenseSpec | RaggedSpec;
export interface DenseSpec {
  readonly dim: number;
}
export interface RaggedSpec {
  readonly fields: readonly string[];
}

/** An output over all items of a call. `data` is (n x dim), or (records x fields) with `offsets` (n + 1) into the records. */
export interface OutputTensor {
  readonly data: Float32Array;
  /** Floats per row: `dim`, or the number of fields. */
  readonly width: number;
  /** Ragged only: the records of item i are rows offsets[i] to offsets[i + 1]. */
  readonly offsets?: Uint32Array;
}

/** An item that the model could not take or answer; its rows are zero, its records none. */
export interface FailedItem {
  /** Position in the call's items. */
  readonly index: number;
  readonly error: PlainError;
}

export interface InferenceResult {
  /** Id of the one model version that answered all items, also when another took over meanwhile. */
  readonly model: string;
  readonly outputs: Readonly<Record<string, OutputTensor>>;
  readonly failed: readonly FailedItem[];
}

export interface EmbedResult {
  /** (n x dim), unit length; a failed item's row is zero. */
  readonly rows: Float32Array;
  readonly dim: number;
  readonly failed: readonly FailedItem[];
}

export interface InferenceOptions {
  readonly lane: Lane;
  /** Drops what has not started and rejects the call with CONFLICT_CANCELLED. */
  readonly signal?: AbortSignal;
  /** Rejects with BACKEND_TIMEOUT when the call is not done by then; earlier ends go first. */
  readonly timeoutMs?: number;
}

export interface ModelInfo {
  /** `name@version`. */
  readonly id: string;
  readonly name: string;
  /** Hash of weights and processing: the same version gives the same numbers. */
  readonly version: string;
  /** What it is for, such as `embedding`. */
  readonly kind: string;
  readonly input: ModelInput;
  readonly runtime: string;
  readonly license: string;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
  /** Names of its classes, in the order of `probabilities` or of the `label` field of boxes and spans. */
  readonly labels: readonly string[];
  /** Width of the `embedding` output, or 0 when it has none. */
  readonly dim: number;
}

export interface HostStatus {
  readonly pid: number;
  /** `starting` until the process answers, `ready` afterwards. */
  readonly state: 'starting' | 'ready';
  readonly batchesInFlight: number;
  /** Memory after its last batch; 0 before. */
  readonly residentBytes: number;
  /** Models it has loaded, by id. */
  readonly models: readonly string[];
}

export interface PoolStatus {
  readonly hosts: readonly HostStatus[];
  readonly hostsMax: number;
  readonly itemsWaiting: Readonly<Record<Lane, number>>;
  /** Hosts that died unasked since the pool was made. */
  readonly restarts: number;
  readonly models: readonly ModelStatus[];
}

export interface ModelStatus {
  readonly id: string;
  readonly itemsDone: number;
  readonly itemsFailed: number;
  /** Why calls are refused for the moment, or null. */
  readonly broken: PlainError | null;
  /** Items per second over the batches run so far, all hosts together; 0 before the first. */
  readonly itemsPerSecond: number;
  /** What the runtime computes on, such as `wasm`; empty before it is loaded. */
  readonly device: string;
}

export interface InferencePool {
  /**
   * Runs a model, by its name or by the id of one version, over items. Poison items come back in `failed`; only what concerns the whole call rejects:
   * NOT_FOUND, BACKEND_LOAD, BACKEND_UNVERIFIED, BACKEND_CRASHED, BACKEND_TIMEOUT, LIMIT_QUEUE, LIMIT_SIZE, CONFLICT_CANCELLED.
   */
  run(model: string, items: readonly InferenceItem[], options: InferenceOptions): Promise<InferenceResult>;
  /** `run` for models with an `embedding` output. */
  embed(model: string, items: readonly InferenceItem[], options: InferenceOptions): Promise<EmbedResult>;
  /** Throws NOT_FOUND. */
  info(model: string): ModelInfo;
  /** The serving version of each name. */
  models(): readonly ModelInfo[];
  /**
   * Makes a version known under its id, beside others of its name. The first one of a name serves at once; one that is
   * known and rests after failures is asked again.
   */
  add(entry: ModelEntry): ModelInfo;
  /** From now on calls by its name go to this version; calls under way end with the version they began with. */
  serve(id: string): void;
  /** Takes no more calls for this version; resolves when those under way have ended and it is forgotten. */
  remove(id: string): Promise<void>;
  status(): PoolStatus;
  /** Rejects what waits and ends every host; no process is left when it resolves. */
  close(): Promise<void>;
}
