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
  /** Where it matters how much goes into one call to the engine: what the tuning measures and sets. */
  readonly calls?: CallSize;
}

/** How much goes into one call to the engine, in padded tokens or in pictures. */
export interface CallSize {
  /** Serves until this machine was measured. */
  readonly standard: number;
  /** What is worth trying, small ones first. A probe takes longer the larger its size. */
  readonly choices: readonly number[];
  /** Calls of this size over made-up input, the same mix for every size. Returns what they held, without padding. */
  probe(size: number): Promise<number>;
  /** For every run from now on. */
  use(size: number): void;
}

export interface BatchOutput {
  readonly outputs: Readonly<Record<string, BatchTensor>>;
  /** Items refused one by one, by their position in the batch. */
  readonly failed: readonly FailedItem[];
  /** What the engine was given, in the unit of `CallSize`: with padding, and without. */
  readonly work?: Work;
}

export interface Work {
  readonly padded: number;
  readonly useful: number;
}

/** Dense: (n x dim) data. Ragged: `counts` records per item, concatenated. */
export interface BatchTensor {
  readonly data: Float32Array;
  readonly counts?: Uint32Array;
}
