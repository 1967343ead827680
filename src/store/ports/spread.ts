/** Which answers a spread vote rests on: a port of the store. */
import type { WantedTask } from './leases.ts';

/** A labeled task that stands behind a propagated vote. */
export interface VoteSource {
  readonly taskId: number;
  /** Cosine after smoothing over the neighbour graph, -1..1. */
  readonly similarity: number;
}

export interface SpreadStore {
  /** Where the votes of an open run on these tasks come from. The first word on a task stays. */
  addSources(
    runId: number,
    rows: readonly { readonly taskId: number; readonly sources: readonly VoteSource[] }[],
  ): Promise<void>;
  /** Nearest first; empty for votes without sources. */
  sourcesOf(runId: number, taskId: number): Promise<VoteSource[]>;
  /** Asks people for these tasks before all others; `checks`: without a suggestion, to check predictions. */
  want(projectId: number, tasks: readonly WantedTask[]): Promise<void>;
  /** All that were ever asked for, by task. */
  wanted(projectId: number): Promise<WantedTask[]>;
}
