/** Messages between the server and its neighbour process: calls by name, progress on the way, one answer each. */
import type { PlainError } from '../core/errors.ts';

export type ToNeighbours =
  /** First of all: where files are kept, and the module that multiplies blocks. */
  | {
      readonly type: 'start';
      readonly folder: string;
      readonly products: string;
      readonly threads: number;
      readonly exactItemsMax?: number;
    }
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  /** Answered at once with CONFLICT_CANCELLED; the work ends at its next step. */
  | { readonly type: 'stop'; readonly id: number };

export type FromNeighbours =
  | { readonly type: 'progress'; readonly id: number; readonly stage: string; readonly done: number }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: PlainError };
