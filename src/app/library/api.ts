/** What can be done with the models of the installation, and with those that a project asks. */
import type {
  AddOptions,
  LibraryEvent,
  LibraryVersion,
  ModelBench,
  NewModelFile,
  PullRequest,
  VerifiedFile,
} from '../../backends/library/library.ts';
import type { Job } from '../../core/domain.ts';
import type { ExportFile } from '../transfer/api.ts';

export interface LibraryApi {
  list(): Promise<readonly LibraryVersion[]>;
  /** See `ModelLibrary.add`. */
  add(files: AsyncIterable<NewModelFile>, options: AddOptions): Promise<LibraryVersion>;
  /** A job: its output names the version. */
  pull(request: PullRequest): Promise<Job>;
  serve(id: string): Promise<LibraryVersion>;
  rollback(name: string): Promise<LibraryVersion>;
  /** Throws CONFLICT while a project asks this model. */
  remove(id: string): Promise<void>;
  history(name?: string): Promise<readonly LibraryEvent[]>;
  verify(model?: string): Promise<readonly VerifiedFile[]>;
  bench(model: string): Promise<ModelBench>;

  /** Every control that some model can answer, with the models that can. */
  controls(projectId: number): Promise<readonly ControlModels[]>;
  /** From now on this model (by name: whatever version serves) pre-labels the control; null: none does. */
  bind(projectId: number, control: string, model: string | null): Promise<ControlModels>;
  /** Jobs that pre-label what the bound models have not seen. Throws CONFLICT when none is bound. */
  prelabel(projectId: number): Promise<readonly Job[]>;
  /** The project's trained model as a folder, zipped. Throws CONFLICT while there is none. */
  export(projectId: number): Promise<ExportFile>;
  /** A job that asks two versions the same tasks. */
  compare(projectId: number, request: CompareRequest): Promise<Job>;
}

export interface CompareRequest {
  readonly control: string;
  /** `name@version`, or a name for the one that serves. */
  readonly from: string;
  readonly to: string;
  /** Tasks to ask, the first ones. */
  readonly limit: number;
}

export interface ControlModels {
  readonly control: string;
  /** Its tag. */
  readonly type: string;
  /** Name of the model that pre-labels it. */
  readonly bound: string | null;
  /** The only model that fits an unbound control. */
  readonly offer: string | null;
  readonly models: readonly FittingModel[];
}

export interface FittingModel {
  readonly name: string;
  readonly id: string;
  readonly classes: number;
  /** Classes that a label of the control stands for. */
  readonly mapped: number;
  /** The first ones that none does. */
  readonly unmappedClasses: readonly string[];
  /** Labels that no class means. */
  readonly unmappedLabels: readonly string[];
}
