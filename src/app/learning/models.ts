/** Models: the embedders of the machine, and the head versions of a project. */
import type { ModelVersion, Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import { configOf, type ProjectConfigs } from '../projects/project-config.ts';
import { chooseLabels } from '../suggestions/suggest.ts';
import type { ModelsApi } from './insights-api.ts';
import type { Loops } from './loops.ts';
import { withoutPins, withPin } from './pins.ts';
import { enqueuePredict } from './predict.ts';

export function createModels(deps: Deps, loops: Loops, matrices: Matrices, configs: ProjectConfigs): ModelsApi {
  const { store, inference } = deps;
  const versionOf = async (projectId: number, id: number): Promise<ModelVersion> => {
    const version = await found('model version', id, store.models.get(id));
    if (version.projectId !== projectId)
      throw new AppError('NOT_FOUND', `Project ${projectId} has no model version ${id}.`);
    return version;
  };
  const pin = async (projectId: number, version: ModelVersion | null): Promise<void> => {
    const project = await found('project', projectId, store.projects.get(projectId));
    const { settings } = project;
    const changed = version
      ? withPin(settings, configs.of(project), version.control, version.id)
      : withoutPins(settings);
    await store.projects.update(projectId, { settings: changed });
    await loops.reload(projectId);
    await enqueuePredict(deps, projectId);
  };
  return {
    async available() {
      const broken = new Map(inference.status().models.map((model) => [model.id, model.broken]));
      return inference.models().map((model) => {
        const error = broken.get(model.id) ?? null;
        return {
          name: model.name,
          kind: model.kind,
          version: model.version,
          dim: model.dim,
          ready: error === null,
          note: error === null ? `${model.runtime}, ${model.license}` : error.message,
        };
      });
    },

    versions: (projectId) => store.models.list(projectId),

    async compare(projectId, from, to) {
      const project = await found('project', projectId, store.projects.get(projectId));
      const versions = [await versionOf(projectId, from), await versionOf(projectId, to)] as const;
      return compareVersions(deps, matrices, configs, project, versions);
    },

    async activate(projectId, versionId) {
      const version = await versionOf(projectId, versionId);
      const active = await store.models.activate(version.id, `Chosen by hand: ${version.verdict}`);
      await pin(projectId, version);
      return active;
    },

    unpin: (projectId) => pin(projectId, null),
  };
}

/** Both heads on all rows, chunk by chunk, so that it also works for versions whose votes are gone. */
async function compareVersions(
  { store, compute }: Deps,
  matrices: Matrices,
  configs: ProjectConfigs,
  project: Project,
  versions: readonly [ModelVersion, ModelVersion],
): ReturnType<ModelsApi['compare']> {
  const [{ control }, other] = versions;
  const config = configOf(configs.of(project), control);
  if (!config || other.control !== control) {
    const message = `Versions are compared for one control that the label config has, not "${control}" and "${other.control}".`;
    throw new AppError('INPUT_BAD_FIELD', message, { details: { field: 'to' } });
  }
  const classCount = config.classes.length;
  const tensors = await Promise.all(versions.map((version) => matrices.embeddings(project.id, version.embedder)));
  const flipped: { taskId: number; from: string; to: string }[] = [];
  let total = 0;
  for (let next = 0; ; ) {
    const chunk = await store.tasks.ordinals(project.id, next, LIMITS.jobChunkRows);
    if (chunk.ordinals.length === 0) return { total, flipped };
    next = chunk.ordinals.at(-1)! + 1;
    const idOf = new Map(Array.from(chunk.ordinals, (ordinal, i) => [ordinal, chunk.ids[i]!]));
    const ordinals = chunk.ordinals.filter((ordinal) => tensors.every((tensor) => tensor.has(ordinal)));
    total += ordinals.length;
    const [before, after] = await Promise.all(
      versions.map(async (version, i) =>
        compute.predict(version.head, await readRows(tensors[i]!, ordinals), config.classes),
      ),
    );
    ordinals.forEach((ordinal, row) => {
      const [from, to] = [before!, after!].map(
        (all) => chooseLabels(config, all.subarray(row * classCount, (row + 1) * classCount))?.labels.join(', ') ?? '',
      );
      if (from !== to) flipped.push({ taskId: idOf.get(ordinal)!, from: from!, to: to! });
    });
  }
}
