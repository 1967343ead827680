/** Projects: a port of the store. */
import type { Project, ProjectSettings } from '../../core/domain.ts';

export interface ProjectStore {
  create(project: NewProject): Promise<Project>;
  get(id: number): Promise<Project | undefined>;
  /** All of them, or only those that are (not) archived. */
  list(options?: { archived?: boolean }): Promise<Project[]>;
  update(id: number, change: Partial<NewProject> & { archived?: boolean }): Promise<Project>;
  /**
   * Removes the project and everything that belongs to it. It is out of sight at once and its jobs lose their leases;
   * the rows go piece by piece, and a deletion that a crash interrupts is finished at the next start.
   */
  delete(id: number): Promise<void>;
  counts(id: number): Promise<ProjectCounts>;
}

export interface NewProject {
  readonly title: string;
  readonly description: string;
  readonly instruction: string;
  readonly labelConfig: string;
  readonly settings: ProjectSettings;
}

export interface ProjectCounts {
  readonly tasks: number;
  /** Tasks with at least one annotation that is not skipped. */
  readonly labeledTasks: number;
  /** Tasks with as many annotations as the project's overlap asks for. */
  readonly finishedTasks: number;
  /** Without the skipped ones. */
  readonly annotations: number;
  readonly skipped: number;
  readonly groundTruth: number;
}
