/** What the pool tells whoever counts: metrics, logs. Nothing of the data is ever in it. */
import type { Lane } from './backend.ts';
import type { Work } from './runtime.ts';

/** Why a batch left: it was full, a host had nothing to do, or it ran before and runs again. */
export type Release = 'full' | 'idle' | 'again';

export interface PoolObserver {
  /** `waitedMs`: how long the item that waited longest did. */
  released(batch: {
    readonly model: string;
    readonly lane: Lane;
    readonly items: number;
    readonly reason: Release;
    readonly waitedMs: number;
  }): void;
  done(batch: {
    readonly model: string;
    readonly items: number;
    readonly failed: number;
    readonly ms: number;
    readonly work: Work | undefined;
  }): void;
  /** A host died unasked. */
  died(cause: string): void;
  refused(model: string): void;
}

export const NOBODY: PoolObserver = {
  released: () => undefined,
  done: () => undefined,
  died: () => undefined,
  refused: () => undefined,
};
