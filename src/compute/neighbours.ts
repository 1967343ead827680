/**
 * Neighbours off the serving process: a port. One child process holds, for each space (the rows of one project under one
 * embedder version), the index, the kNN graph and whatever spreads on it. All of it can be made again from the rows.
 */
import type { CopyPair, Gate, ImageHash, IndexName, MethodEvidence, MethodName } from '../propagation/index.ts';

export interface SpaceKey {
  readonly projectId: number;
  /** Name and version of the embedder: another version is another space. */
  readonly embedder: string;
  readonly dims: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Stage in a few words, and the share that is done, 0..1. */
  readonly onProgress?: (stage: string, done: number) => void;
}

/** What a space stands on after `build`. */
export interface BuiltSpace {
  readonly items: number;
  readonly index: IndexName;
  readonly edges: number;
  /** What was done with graph and index, and why: loaded, extended, built. */
  readonly note: string;
}

export interface Neighbour {
  readonly ordinal: number;
  readonly similarity: number;
}

/** Where tasks lie on the map of a space. */
export interface Places {
  readonly ordinals: Uint32Array;
  /** (ordinals x 2) */
  readonly xy: Float32Array;
}

/** Labels to spread, by ordinal. */
export interface SpreadRequest {
  readonly classCount: number;
  /** Several classes may hold at once: each is a question of its own, yes against no. */
  readonly multiple: boolean;
  /** Answered tasks that only teach. */
  readonly seeds: readonly LabeledOrdinal[];
  /** Answered tasks of the random slice, in random order. */
  readonly verified: readonly LabeledOrdinal[];
  /** Precision promised, and confidence of the bound, 0..1. */
  readonly target: number;
  readonly level: number;
  /** Default: all that this many items leave time for. */
  readonly methods?: readonly MethodName[];
}

export interface LabeledOrdinal {
  readonly ordinal: number;
  /** One class, or any number of them where several may hold. */
  readonly classes: readonly number[];
  /** Number of the answer: later ones have larger ones. */
  readonly at: number;
  /** Nobody has looked at it alone. */
  readonly inBulk: boolean;
}

/** One question's answer: which class (or, of several, whether `label` holds). */
export interface SpreadAnswer {
  /** The class asked about; null when the question was which class. */
  readonly label: number | null;
  readonly method: MethodName;
  readonly corrected: boolean;
  readonly evidence: readonly MethodEvidence[];
  readonly gate: Pick<Gate, 'coverage' | 'evidence' | 'withheld' | 'ownFloor' | 'more'>;
  readonly proposals: Proposals;
  /** Verified predictions, surest first: what a threshold's precision is read from. */
  readonly checks: readonly { readonly label: number; readonly confidence: number; readonly right: boolean }[];
}

/** One line per task that nobody labeled and about which the method says something; columns, since they are many. */
export interface Proposals {
  readonly ordinals: Uint32Array;
  /** Class of each; of a question about one class 1 = yes, 0 = no. */
  readonly labels: Int32Array;
  /** Share of the candidates that are less sure, 0..1. */
  readonly confidence: Float32Array;
  /** 1 where the gate lets it through. */
  readonly accepted: Uint8Array;
  /** (lines x CONTRIBUTORS) of accepted ones: places in the request's answered tasks, nearest first; -1 for none. */
  readonly sources: Int32Array;
  readonly sourceSimilarities: Float32Array;
}

export interface TextCopies {
  readonly equal: readonly (readonly number[])[];
  readonly similar: readonly CopyPair[];
}

export interface NeighbourSpaces {
  /** Says which tasks the space consists of, ascending; answers those whose rows have to be `put`. Others are dropped. */
  open(key: SpaceKey, ordinals: Uint32Array): Promise<Uint32Array>;
  /** Rows (ordinals x dims) of tasks that were named; they can be found at once. */
  put(key: SpaceKey, ordinals: Uint32Array, rows: Float32Array): Promise<void>;
  /** Brings graph and index up to date and on disk. */
  build(key: SpaceKey, options?: CallOptions): Promise<BuiltSpace>;
  /** The nearest tasks by cosine, best first, without the task itself; `among`: only these. */
  nearest(key: SpaceKey, ordinal: number, limit: number, among?: Uint32Array): Promise<Neighbour[]>;
  spread(key: SpaceKey, request: SpreadRequest, options?: CallOptions): Promise<SpreadAnswer[]>;
  /** At most `count` groups of tasks that lie together, each from its middle outwards. */
  clusters(key: SpaceKey, ordinals: Uint32Array, count: number, options?: CallOptions): Promise<Uint32Array[]>;
  /**
   * A place on a plane for each task, neighbours together; with `known` places of most tasks those stay, and only the
   * others are answered. `anew`: nothing of `known` holds any more.
   */
  layout(key: SpaceKey, known: Places, options?: CallOptions): Promise<Places & { readonly anew: boolean }>;
  /** Pairs of tasks with at least this cosine. */
  copies(key: SpaceKey, least: number, options?: CallOptions): Promise<CopyPair[]>;
  /** Texts that are equal but for white space, and pairs that share most of their words; by place in the list. */
  textCopies(texts: readonly string[], options?: CallOptions): Promise<TextCopies>;
  /** Pairs of pictures whose hashes hardly differ; by place in the list, null matches nothing. */
  imageCopies(hashes: readonly (ImageHash | null)[], options?: CallOptions): Promise<CopyPair[]>;
  /** Forgets a project and deletes its files. */
  drop(projectId: number): Promise<void>;
  close(): Promise<void>;
}
