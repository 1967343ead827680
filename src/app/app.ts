/**
 * What Headstart can do, as one interface: the server and the command line know this and nothing below it.
 * Each method is a use case in a file of its own; `createApp` (app/create.ts) binds them to their ports.
 */
import type { Role } from '../core/domain.ts';
import type { JobsApi } from './jobs/api.ts';
import type { LearningApi } from './learning/api.ts';
import type { InsightsApi, ModelsApi } from './learning/insights-api.ts';
import type { LibraryApi } from './library/api.ts';
import type { ServingApi } from './library/serving-api.ts';
import type { MediaApi, PeopleApi, ProjectsApi, RunsApi, TasksApi } from './projects/api.ts';
import type { AnnotationsApi, QueueApi } from './queue/api.ts';
import type { RulesApi } from './rules/api.ts';
import type { ScriptsApi } from './scripts/api.ts';
import type { SpreadApi } from './spread/api.ts';
import type { StudioApi } from './studio/api.ts';
import type { PredictionsApi } from './suggestions/api.ts';
import type { PromotionApi } from './suggestions/promote.ts';
import type { TransferApi } from './transfer/api.ts';

/** Who is asking; found by the server from a token, or the local owner. */
export interface Identity {
  readonly annotatorId: number;
  readonly name: string;
  readonly role: Role;
  /** The only project this identity may touch; null for all. */
  readonly projectId: number | null;
}

export interface App {
  readonly projects: ProjectsApi;
  readonly tasks: TasksApi;
  readonly transfer: TransferApi;
  readonly media: MediaApi;
  readonly queue: QueueApi;
  readonly annotations: AnnotationsApi;
  readonly predictions: PredictionsApi;
  readonly runs: RunsApi;
  readonly jobs: JobsApi;
  readonly models: ModelsApi;
  readonly library: LibraryApi;
  readonly people: PeopleApi;
  readonly insights: InsightsApi;
  readonly learning: LearningApi;
  readonly rules: RulesApi;
  readonly promotion: PromotionApi;
  readonly serving: ServingApi;
  readonly studio: StudioApi;
  readonly scripts: ScriptsApi;
  readonly spread: SpreadApi;
  /** Stops taking work, gives running jobs back, closes every thread, process and file. */
  close(): Promise<void>;
}
