/** Background work as people and programs steer it. */
import type { Job } from '../../core/domain.ts';
import type { Page } from '../../store/ports/page.ts';

export interface JobsApi {
  list(options: { projectId?: number; limit: number }): Promise<Job[]>;
  get(id: number): Promise<Job>;
  /** By task id. */
  failures(id: number, page: Page): Promise<{ taskId: number; code: string; message: string }[]>;
  /** It stops at the end of its chunk and keeps what it has done. CONFLICT for kinds that run through. */
  pause(id: number): Promise<Job>;
  resume(id: number): Promise<Job>;
  cancel(id: number): Promise<Job>;
  /** One that failed or was cancelled goes on from where it stopped; one that is done runs its failed items again. */
  retry(id: number): Promise<Job>;
  /** Resolves when the job has ended. */
  wait(id: number, signal?: AbortSignal): Promise<Job>;
  changedSince(revision: number, limit: number): Promise<Job[]>;
  onChange(listener: (job: Job) => void): () => void;
  /** Embeds and pre-labels what lacks it. */
  prelabel(projectId: number): Promise<Job>;
  train(projectId: number): Promise<Job>;
}
