/** What the use cases stand on: ports only, handed in by compose.ts. */
import type { InferencePool } from '../backends/backend.ts';
import type { ModelLibrary } from '../backends/library/library.ts';
import type { PoolMetrics } from '../backends/metrics.ts';
import type { Compute } from '../compute/compute.ts';
import type { NeighbourSpaces } from '../compute/neighbours.ts';
import type { Clock } from '../core/clock.ts';
import type { GuardedFetch } from '../media/guarded-fetch.ts';
import type { MediaStore } from '../media/media.ts';
import type { Spool } from '../media/spool.ts';
import type { Store } from '../store/store.ts';
import type { TensorStore } from '../store/tensors.ts';

/** The part of a pino logger that we use. Nothing of the data ever goes in. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface Deps {
  readonly store: Store;
  readonly tensors: TensorStore;
  readonly inference: InferencePool;
  readonly metrics: Pick<PoolMetrics, 'text'>;
  readonly library: ModelLibrary;
  readonly compute: Compute;
  readonly neighbours: NeighbourSpaces;
  readonly spool: Spool;
  readonly media: MediaStore;
  /** Calls to addresses that somebody named: Label Studio servers, trainers. */
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** Unguessable, unique: lower-case hex. */
  readonly newId: () => string;
  /** Whoever shows it can read the data folder, and so is its owner: how local commands identify themselves. */
  readonly localSecret: string;
  readonly log: Log;
}
