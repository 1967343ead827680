/**
 * The metadata store: a port with one contract suite (`test/contract/store.ts`) for every engine.
 *
 * Every method is one transaction: it has happened, durably, when its promise resolves, or nothing has. Rows of revoked
 * runs are invisible to every reading except `runs`. Lists are ordered by id and paged by `after` (exclusive).
 * Annotator ids are labeler ids. Every method rejects with NOT_FOUND when an id names nothing that is visible, with
 * STORE_FULL when the disk is full (nothing was changed), with STORE_CORRUPT when the engine finds damage.
 */
import type { AnnotationStore } from './ports/annotations.ts';
import type { JobQueue } from './ports/jobs.ts';
import type { LabelerStore, TokenStore } from './ports/labelers.ts';
import type { LeaseStore } from './ports/leases.ts';
import type { ImageHashStore, MediaFactStore } from './ports/media.ts';
import type { LabelModelStore, ModelStore } from './ports/models.ts';
import type { PredictionStore } from './ports/predictions.ts';
import type { ProjectStore } from './ports/projects.ts';
import type { RuleStore } from './ports/rules.ts';
import type { RunStore } from './ports/runs.ts';
import type { SpreadStore } from './ports/spread.ts';
import type { StudioStore } from './ports/studio.ts';
import type { TaskStore } from './ports/tasks.ts';
import type { ViewStore } from './ports/views.ts';
import type { LabelStore, VoteStore } from './ports/votes.ts';

export interface Store {
  readonly projects: ProjectStore;
  readonly tasks: TaskStore;
  readonly annotations: AnnotationStore;
  readonly predictions: PredictionStore;
  readonly labels: LabelStore;
  readonly votes: VoteStore;
  readonly rules: RuleStore;
  readonly runs: RunStore;
  readonly spread: SpreadStore;
  readonly labelers: LabelerStore;
  readonly leases: LeaseStore;
  readonly models: ModelStore;
  readonly labelModels: LabelModelStore;
  readonly mediaFacts: MediaFactStore;
  readonly imageHashes: ImageHashStore;
  readonly views: ViewStore;
  readonly tokens: TokenStore;
  readonly jobs: JobQueue;
  readonly studio: StudioStore;
  /** The engine's own check of its files; an empty list is a clean bill. */
  integrityProblems(): Promise<string[]>;
  close(): Promise<void>;
}
