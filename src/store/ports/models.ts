/** Versions of heads and label models: a port of the store. */
import type { ModelSummary, ModelVersion, StoredLabelModel } from '../../core/domain.ts';

export interface ModelStore {
  /** Adding a version that is there already returns the first row. */
  add(model: Omit<ModelVersion, 'id' | 'number' | 'createdAt' | 'active'>): Promise<ModelVersion>;
  get(id: number): Promise<ModelVersion | undefined>;
  /** Without the weights: a page of versions must not read megabytes. */
  list(projectId: number): Promise<ModelSummary[]>;
  active(projectId: number, control: string): Promise<ModelVersion | undefined>;
  /** Makes it the active one; the reason is kept as its verdict. */
  activate(id: number, verdict: string): Promise<ModelVersion>;
}

export interface LabelModelStore {
  get(projectId: number, control: string): Promise<StoredLabelModel | undefined>;
  /** Replaces the one before it. */
  set(model: Omit<StoredLabelModel, 'createdAt'>): Promise<StoredLabelModel>;
  /** Harmless when there is none. */
  clear(projectId: number, control: string): Promise<void>;
}
