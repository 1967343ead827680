/** Which models give a project's tasks their rows: one that needs no weights and is there at once, and the wanted one. */
import type { InferencePool, ModelInput } from '../../backends/backend.ts';
import type { Project } from '../../core/domain.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** Needs no model: every kind of data has neighbours and a head within the first minute. */
const INSTANT: Readonly<Record<ModelInput, string>> = {
  text: 'lexical',
  image: 'image-descriptor',
  audio: 'audio-descriptor',
};

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
