/** Which models give a project's tasks their rows: one that needs no weights and is there at once, and the wanted one. */
import type { InferencePool, ModelInput } from '../../backends/backend.ts';
import type { Project } from '../../core/domain.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { Matrices } from './matrices.ts';

/** Needs no model: every kind of data has neighbours and a head within the first minute. */
const INSTANT: Readonly<Record<ModelInput, string>> = {
  text: 'lexical',
  image: 'image-descriptor',
  audio: 'audio-descriptor',
};

/** Below this share of embedded tasks the instant embedder serves: an order over half the tasks is no order. */
const COVERAGE_MIN = 0.9;

export interface Embedders {
  readonly instant: string;
  /** The project's setting where that model reads what the project shows, else the instant one. */
  readonly wanted: string;
}

export function embeddersOf(
  inference: Pick<InferencePool, 'models'>,
  { settings }: Pick<Project, 'settings'>,
  { input }: Pick<ProjectConfig, 'input'>,
): Embedders {
  const kind = input ?? 'text';
  const instant = INSTANT[kind];
  const chosen = inference.models().find((model) => model.name === settings.embedder);
  return { instant, wanted: chosen?.input === kind && chosen.dim > 0 ? chosen.name : instant };
}

/** The embedder that rows are compared by: the wanted one, or the instant one while most of its rows are missing. */
export async function pickEmbedder(
  { inference }: Deps,
  matrices: Matrices,
  { project, config, tasks }: { project: Project; config: ProjectConfig; tasks: number },
): Promise<{ embedder: string; tensor: Tensor }> {
  const { wanted, instant } = embeddersOf(inference, project, config);
  const tensor = await matrices.embeddings(project.id, wanted);
  if (tasks > 0 && tensor.filled >= COVERAGE_MIN * tasks) return { embedder: wanted, tensor };
  return { embedder: instant, tensor: await matrices.embeddings(project.id, instant) };
}
