/** Annotations: a port of the store. */
import type { Annotation, Region } from '../../core/domain.ts';
import type { Page } from './page.ts';

export interface NewAnnotation extends Omit<Annotation, 'id' | 'createdAt' | 'updatedAt'> {}

export interface AnnotationStore {
  /**
   * Idempotent by `submissionId` within task and annotator (empty: never the same): a repeated submit returns the first
   * row with `created: false`. Ends the lease and the postponing.
   */
  submit(annotation: NewAnnotation): Promise<{ annotation: Annotation; created: boolean }>;
  /** Many at once, for imports and promotions. */
  insert(annotations: readonly NewAnnotation[]): Promise<Annotation[]>;
  get(id: number): Promise<Annotation | undefined>;
  /** It stays with its task and annotator, whatever `change` says. */
  update(id: number, change: Partial<NewAnnotation>): Promise<Annotation>;
  delete(id: number): Promise<void>;
  ofTask(taskId: number): Promise<Annotation[]>;
  ofTasks(taskIds: readonly number[]): Promise<Annotation[]>;
  list(projectId: number, page: Page): Promise<Annotation[]>;
  /** Answers and skips of everybody who gave any. */
  countsByAnnotator(projectId: number): Promise<{ annotatorId: number; annotations: number; skipped: number }[]>;
  /** The last ones of an annotator, newest first. */
  recent(projectId: number, annotatorId: number, limit: number): Promise<Annotation[]>;
  /** Rewrites the results of all annotations, hidden ones too, for label changes; null leaves one as it is. Returns how many changed. */
  rewrite(projectId: number, change: (result: readonly Region[]) => readonly Region[] | null): Promise<number>;
}
