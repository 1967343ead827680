/** What a runtime inside a host must provide; the counterpart of the port on the far side of the process border. */
import type { FailedItem, InferenceItem } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { ModelFiles } from './registry.ts';

export interface ModelRuntime {
  /** `files` holds the bytes that were checked, by the names of the manifest. Throws when the model cannot run here. */
  load(entry: ModelEntry, files: ModelFiles): Promise<LoadedModel>;
}

export interface LoadedModel {
  /** What it computes on, such as `wasm`. */
  readonly device: string;
  /** Runs one batch. Throwing means "I cannot say which item": the batch is then halved until it is alone. */
  run(items: readonly InferenceItem[]): Promise<BatchOutput>;
  release(): void;
}

export interface BatchOutput {
  readonly outputs: Readonly<Record<string, BatchTensor>>;
  /** Items refused one by one, by their position in the batch. */
  readonly failed: readonly FailedItem[];
}

/** Dense: (n x dim) data. Ragged: `counts` records per item, concatenated. */
export interface BatchTensor {
  readonly data: Float32Array;
  readonly counts?: Uint32Array;
}
