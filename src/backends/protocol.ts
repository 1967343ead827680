/** Messages between the pool and its hosts, over a fork channel with structured-clone serialisation. */
import type { PlainError } from '../core/errors.ts';
import type { InferenceItem, Lane } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { BatchOutput } from './runtime.ts';

export type ToHost =
  /** Where runtimes that are not built in are found, by name, and how large the process may grow; first message of all. */
  | { readonly type: 'start'; readonly runtimes: Readonly<Record<string, string>>; readonly bytesMax: number | null }
  /** Makes a model known under its id; it is loaded by the first batch. Without a call size the runtime's own serves. */
  | {
      readonly type: 'model';
      readonly id: string;
      readonly entry: ModelEntry;
      readonly folder: string;
      readonly callSize: number | null;
    }
  /** Another call size for a model that is known. */
  | { readonly type: 'use'; readonly model: string; readonly callSize: number }
  /** Measure the best call size; takes its turn like a batch. */
  | { readonly type: 'tune'; readonly batch: number; readonly model: string; readonly lane: Lane }
  | {
      readonly type: 'run';
      readonly batch: number;
      readonly model: string;
      readonly lane: Lane;
      readonly items: readonly InferenceItem[];
    };

export type FromHost =
  | { readonly type: 'ready' }
  | { readonly type: 'loading'; readonly model: string }
  /** `bytesMax`: resident memory at which the process ends itself from now on. */
  | { readonly type: 'loaded'; readonly model: string; readonly device: string; readonly bytesMax: number }
  /** Sent and flushed before the model runs: whoever is named here when the process dies is the suspect. */
  | { readonly type: 'started'; readonly batch: number }
  | {
      readonly type: 'done';
      readonly batch: number;
      readonly output: BatchOutput;
      readonly ms: number;
      /** Of this process, all threads. */
      readonly cpuMs: number;
      readonly residentBytes: number;
    }
  /** Null: the runtime has nothing to choose. */
  | { readonly type: 'tuned'; readonly batch: number; readonly callSize: number | null }
  | { readonly type: 'failed'; readonly batch: number; readonly stage: 'load' | 'run'; readonly error: PlainError };
