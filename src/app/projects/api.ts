/** Projects, their tasks and media, bulk acts on them and the people who label: as interfaces, in plain data. */
import type { Project, ProjectSettings, Role, Run, Task, Token, Vote } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Media, NewUpload, Upload } from '../../media/media.ts';
import type { Page } from '../../store/ports/page.ts';
import type { ProjectCounts } from '../../store/ports/projects.ts';
import type { Identity } from '../app.ts';
import type { ImportOutcome } from '../transfer/api.ts';

export interface ProjectInput {
  readonly title?: string;
  readonly description?: string;
  readonly instruction?: string;
  /** Label Studio XML. */
  readonly labelConfig?: string;
  readonly settings?: Partial<ProjectSettings>;
}

/** What to do with annotations when a change of the config takes their labels away. */
export interface LabelMigration {
  /** Old label -> new label, for renames and merges; annotations are rewritten. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Labels that disappear: `keep` leaves the annotations as they are, `drop` removes the label from them. */
  readonly removed?: 'keep' | 'drop';
}

export interface ProjectsApi {
  create(input: ProjectInput): Promise<Project>;
  get(id: number): Promise<Project>;
  list(options?: { archived?: boolean }): Promise<Project[]>;
  /** Changing `labelConfig` so that used labels vanish needs a `migration`, else LABELCONFIG_IN_USE names them. */
  update(id: number, input: ProjectInput & { archived?: boolean }, migration?: LabelMigration): Promise<Project>;
  delete(id: number): Promise<void>;
  counts(id: number): Promise<ProjectCounts>;
  /** A new project with the same config, settings and tasks (and their embeddings), without annotations. */
  duplicate(id: number, input: ProjectInput): Promise<Project>;
  /** Parses and checks a config without keeping it. */
  checkLabelConfig(xml: string): { controls: { name: string; type: string; labels: string[] }[] };
}

export interface TasksApi {
  get(id: number): Promise<Task>;
  list(projectId: number, page: Page): Promise<Task[]>;
  edit(id: number, change: { data?: JsonObject; meta?: JsonObject }): Promise<Task>;
  delete(projectId: number, ids: readonly number[]): Promise<number>;
  /** The tasks whose embeddings are nearest, best first, with their majority label. */
  similar(id: number, limit: number): Promise<{ task: Task; similarity: number; label: string | null }[]>;
  /** Every labeler's vote on the task, with origin; machine votes are withheld from whoever holds it as a blind task. */
  votes(id: number, who: Identity): Promise<VoteView[]>;
}

export interface VoteView {
  /** `annotator:anna`, `model:head@3f2a...`, `rule:12@...` */
  readonly labeler: string;
  readonly kind: string;
  readonly runId: number | null;
  readonly control: string;
  readonly label: string;
  readonly score: number | null;
  /** Of propagated votes: the labeled tasks that stand behind it, nearest first. */
  readonly sources?: readonly { readonly taskId: number; readonly similarity: number }[];
}

export interface UploadRequest {
  readonly projectId: number;
  readonly files: AsyncIterable<NewUpload>;
  /** One task per file, in the object tag that shows its kind; all of them or none. */
  readonly asTasks: boolean;
  readonly annotatorId: number;
}

export interface MediaApi {
  /**
   * What a field of the task shows; the first media field unless told otherwise, and the first of a list. Only fields
   * that the label config shows. The caller reads or closes it.
   */
  ofTask(taskId: number, options?: { field?: string; index?: number }): Promise<Media>;
  /** An upload of this project by the name in its address. */
  upload(projectId: number, name: string): Promise<Media>;
  /** Nothing is kept when any file cannot be used. */
  addUploads(request: UploadRequest): Promise<{ uploads: readonly Upload[]; imported: ImportOutcome | null }>;
}

export interface RunsApi {
  list(projectId: number): Promise<Run[]>;
  get(id: number): Promise<Run>;
  votes(id: number, page: Page): Promise<Vote[]>;
  undo(id: number): Promise<Run>;
  redo(id: number): Promise<Run>;
}

export interface PeopleApi {
  /**
   * The caller in the name of somebody else, for answers that an owner brings from elsewhere. Throws AUTH_FORBIDDEN for
   * others than owners, and INPUT_BAD_FIELD for an annotator that the caller cannot see in this project.
   */
  onBehalfOf(who: Identity, annotatorId: number, projectId: number): Promise<Identity>;
  /** The owner of this data folder, who needs no token on the machine itself. */
  localOwner(): Promise<Identity>;
  /** Makes a token; its plain text is returned here and never again. */
  invite(input: { name: string; role: Role; projectId: number | null }): Promise<{ token: Token; secret: string }>;
  /** A token of their own for somebody who came by an invite link. Throws CONFLICT when the name is taken. */
  join(name: string, projectId: number): Promise<{ token: Token; secret: string }>;
  tokens(): Promise<Token[]>;
  revoke(tokenId: number): Promise<void>;
  /** Undefined for an unknown or revoked token. */
  identify(secret: string): Promise<Identity | undefined>;
  annotators(
    projectId: number,
  ): Promise<{ id: number; name: string; annotations: number; skipped: number; medianVisibleMs: number | null }[]>;
}

export type { Media, NewUpload, Upload };
