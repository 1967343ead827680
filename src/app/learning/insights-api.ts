/** What the answers say of the models, and the versions there are: as interfaces, in plain data. */
import type { ModelSummary, ModelVersion } from '../../core/domain.ts';
import type { Projection, StopAdvice } from '../../sampling/index.ts';

export interface ModelsApi {
  /** Embedders of the manifest, with what this machine can do with them. */
  available(): Promise<{ name: string; kind: string; version: string; dim: number; ready: boolean; note: string }[]>;
  versions(projectId: number): Promise<ModelSummary[]>;
  /** Items whose predicted label differs between two versions. */
  compare(
    projectId: number,
    from: number,
    to: number,
  ): Promise<{ total: number; flipped: { taskId: number; from: string; to: string }[] }>;
  /** Serves this version, unchanged, until a newer one is activated by hand or by `unpin`. */
  activate(projectId: number, versionId: number): Promise<ModelVersion>;
  unpin(projectId: number): Promise<void>;
}

/** What the blind random slice and the answers say of the suggestions; null where there is too little to say. */
export interface Insights {
  /** Accuracy of the model of the moment on the blind answers so far, one point per blind answer. */
  readonly curve: readonly (ShareWithInterval & { readonly labels: number })[];
  /** Suggestions that were accepted as they stood. */
  readonly acceptance: ShareWithInterval | null;
  /** The hidden suggestions of the blind slice against the answers. */
  readonly blindAccuracy: ShareWithInterval | null;
  /** Median visible time with a suggestion and without one. */
  readonly timeSaved: {
    readonly aidedMs: number;
    readonly blindMs: number;
    /** 1 - aided / blind, with an 80 % bootstrap interval. */
    readonly saved: number;
    readonly low: number;
    readonly high: number;
    readonly aided: number;
    readonly blind: number;
  } | null;
  /** How far showing a suggestion pulls answers towards it, in percentage points. */
  readonly bias: { readonly points: number; readonly low: number; readonly high: number } | null;
  /** Where the curve of blind answers goes; null with too few of them. */
  readonly projection: Projection | null;
}

/** What `InsightsApi.of` adds to the answers: versions held against each other. */
export interface InsightsWithAdvice extends Insights {
  readonly stopAdvice: StopAdvice;
}

/** The annotations most likely wrong. */
export interface DoubtfulAnnotations {
  /** Annotations that held-out probabilities could speak about. */
  readonly judged: number;
  /** How many of them are wrong by confident learning. */
  readonly estimated: number;
  /** The likeliest error first. */
  readonly results: readonly DoubtfulAnnotation[];
}

export interface DoubtfulAnnotation {
  readonly annotationId: number;
  readonly taskId: number;
  readonly annotatorId: number;
  readonly given: readonly string[];
  readonly suggested: readonly string[];
  /** Probability of what is in doubt, 0..1. */
  readonly confidence: number;
  /** What was given minus the likeliest alternative, -1..1. */
  readonly margin: number;
  readonly confident: boolean;
}

export interface ShareWithInterval {
  readonly n: number;
  readonly hits: number;
  /** 0..1. */
  readonly share: number;
  /** 95 % Wilson interval. */
  readonly low: number;
  readonly high: number;
}

export interface InsightsApi {
  of(projectId: number): Promise<InsightsWithAdvice>;
  /** At most `limit` annotations for a second look. */
  labelErrors(projectId: number, limit: number): Promise<DoubtfulAnnotations>;
}
