/** What programs may ask of the models themselves, apart from any project. */
import type { InferenceItem, InferenceResult, ModelInfo } from '../../backends/backend.ts';

export type { InferenceItem, InferenceResult, ModelInfo, OutputSpec } from '../../backends/backend.ts';

/** A model by its name; without a version, whichever serves. */
export interface ModelName {
  readonly name: string;
  readonly version?: string;
}

export interface ServingApi {
  /** A warm-up run of the standard embedder went well and nothing has broken it since. The first question starts that run. */
  ready(): boolean;
  /** The same of one model. Throws NOT_FOUND. */
  modelReady(model: ModelName): boolean;
  /** Throws NOT_FOUND. */
  model(model: ModelName): ModelInfo;
  /** Throws what `InferencePool.run` does, and the error of the first item that failed. */
  infer(model: ModelName, items: readonly InferenceItem[]): Promise<InferenceResult>;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
}
