/** Projects: made, changed while people label, copied and removed. */
import type { Project, ProjectSettings } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { type LabelConfig, parseLabelConfig } from '../../labelconfig/index.ts';
import { checkPolicy, DEFAULT_STRATEGY, fittingPolicy, POLICIES, policyOf } from '../../sampling/index.ts';
import type { NewProject } from '../../store/ports/projects.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { hasEnded } from '../jobs/jobs.ts';
import { askedOf } from '../learning/asked.ts';
import type { Loops } from '../learning/loops.ts';
import { withoutPins } from '../learning/pins.ts';
import { enqueueTraining } from '../learning/retrain.ts';
import { found } from '../lookup.ts';
import { enqueueLabelModel } from '../suggestions/label-model.ts';
import { deleteUpload } from '../transfer/import.ts';
import type { ProjectInput, ProjectsApi } from './api.ts';
import { migrateLabels, planLabelChange } from './label-change.ts';
import { type ProjectConfig, type ProjectConfigs, readProjectConfig } from './project-config.ts';

export const DEFAULT_SETTINGS: ProjectSettings = {
  queryStrategy: DEFAULT_STRATEGY,
  seed: 0,
  overlap: 1,
  blindShare: 0.1,
  leaseSeconds: 900,
  retrainEvery: 10,
  retrainEveryVerified: 0,
  retrainEveryHours: 0,
  retrainOnDrift: true,
  embedder: 'use-lite',
  pinnedVersion: null,
};

/** Allowed range of each numeric setting. */
const RANGES: Partial<Record<keyof ProjectSettings, readonly [number, number]>> = {
  seed: [0, 0xffff_ffff],
  overlap: [1, 100],
  blindShare: [0, 0.5],
  leaseSeconds: [10, 86_400],
  retrainEvery: [0, 100_000],
  retrainEveryVerified: [0, 100_000],
  retrainEveryHours: [0, 8_784],
};
const TITLE_LENGTH_MAX = 200;
const TEXT_LENGTH_MAX = 100_000;
const COPY_CHUNK = 1_000;

export function createProjects(deps: Deps, loops: Loops, matrices: Matrices, configs: ProjectConfigs): ProjectsApi {
  const { store } = deps;
  const get = (id: number): Promise<Project> => found('project', id, store.projects.get(id));
  const syncLabels = async (project: Project): Promise<void> => {
    for (const control of configs.of(project).parsed.controls) {
      await store.labels.sync(
        project.id,
        control.name,
        control.labels.map((label) => label.name),
      );
    }
  };

  return {
    async create(input) {
      const project = await store.projects.create(checkInput(deps, { ...EMPTY, ...input }, DEFAULT_SETTINGS));
      await syncLabels(project);
      return project;
    },

    get,
    list: (options) => store.projects.list(options),

    async update(id, input, migration = {}) {
      const old = await get(id);
      const changed = checkInput(deps, { ...old, ...input, settings: input.settings ?? {} }, old.settings);
      const before = configs.of(old);
      const change = planLabelChange(
        parseLabelConfig(old.labelConfig),
        parseLabelConfig(changed.labelConfig),
        migration,
      );
      await migrateLabels(store, id, change, migration);
      const project = await store.projects.update(id, {
        ...changed,
        ...(input.archived === undefined ? {} : { archived: input.archived }),
      });
      // Answers that were on their way while the first pass ran.
      await migrateLabels(store, id, change, { ...migration, removed: migration.removed ?? 'keep' });
      await syncLabels(project);
      await loops.reload(id);
      const now = configs.of(project);
      if (learnedClasses(now) !== learnedClasses(before)) await enqueueTraining(deps, id);
      // A label model fits the labels it was fitted on; until the next fit the head speaks alone.
      if (project.labelConfig !== old.labelConfig) await enqueueLabelModel(deps, id);
      const looksElsewhere = project.settings.embedder !== old.settings.embedder || now.input !== before.input;
      if (looksElsewhere) await enqueueEmbedding(deps, project);
      return project;
    },

    async delete(id) {
      await get(id);
      await cancelJobs(deps, id);
      await loops.drop(id);
      configs.forget(id);
      await matrices.deleteProject(id);
      await store.projects.delete(id);
    },

    async counts(id) {
      await get(id);
      return store.projects.counts(id);
    },

    async duplicate(id, input) {
      const source = await get(id);
      const copy = await this.create({
        ...source,
        title: `${source.title} (copy)`,
        ...input,
        settings: { ...withoutPins(source.settings), ...input.settings },
      });
      const run = await store.runs.start({
        projectId: copy.id,
        kind: 'import',
        labelerId: null,
        summary: `Copied from project ${id}`,
        params: { source: id },
      });
      const ordinals = await copyTasks(deps, id, copy.id, run.id);
      await matrices.copyEmbeddings(id, copy.id, ordinals);
      await store.runs.finish(run.id, 'done', ordinals.length);
      // What the source had not embedded yet, the copy lacks too.
      await enqueueEmbedding(deps, copy);
      return copy;
    },

    checkLabelConfig(xml) {
      return { controls: describe(parseLabelConfig(xml)) };
    },
  };
}

const EMPTY = { title: 'New project', description: '', instruction: '', labelConfig: '' };

function describe(config: LabelConfig): { name: string; type: string; labels: string[] }[] {
  return config.controls.map((control) => ({
    name: control.name,
    type: control.tag,
    labels: control.labels.map((label) => label.name),
  }));
}

function learnedClasses(config: ProjectConfig): string {
  return JSON.stringify([config, ...config.further].map(({ control, classes }) => [control?.name, classes]));
}

function checkInput({ inference }: Deps, input: ProjectInput, settings: ProjectSettings): NewProject {
  const { title = '', description = '', instruction = '', labelConfig = '' } = input;
  checkLength('title', title.trim(), 1, TITLE_LENGTH_MAX);
  checkLength('description', description, 0, TEXT_LENGTH_MAX);
  checkLength('instruction', instruction, 0, TEXT_LENGTH_MAX);
  const config = readProjectConfig(labelConfig);
  const { control } = config;
  const asked = askedOf(config)?.asked ?? null;
  const given = input.settings?.queryStrategy;
  if (given !== undefined) checkPolicy(given, asked);
  const merged = {
    ...settings,
    ...input.settings,
    // Not asked for by name, the policy follows what the project asks.
    queryStrategy: given ?? fittingPolicy(settings.queryStrategy, asked),
  };
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = merged[name as keyof ProjectSettings];
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      throw badSetting(name, `${name} is a number from ${least} to ${most}, not ${String(value)}.`);
    }
  }
  if (control?.multiple && singleChoiceOnly(merged.queryStrategy)) {
    const message = `'${merged.queryStrategy}' orders single choices only, and "${control.name}" takes several.`;
    throw badSetting('queryStrategy', message);
  }
  if (inference.info(merged.embedder).dim === 0) {
    throw badSetting('embedder', `Model '${merged.embedder}' makes no embeddings.`);
  }
  return { title: title.trim(), description, instruction, labelConfig, settings: merged };
}

/** Of a blend, any part. */
function singleChoiceOnly(strategy: string): boolean {
  const names = policyOf(strategy)
    .name.split(',')
    .map((part) => part.split(':')[0]!.trim());
  return POLICIES.some((one) => one.singleChoiceOnly && names.includes(one.name));
}

function checkLength(field: string, text: string, least: number, most: number): void {
  if (text.length >= least && text.length <= most) return;
  throw new AppError('INPUT_BAD_FIELD', `The ${field} has ${least} to ${most} characters, not ${text.length}.`, {
    details: { field },
  });
}

function badSetting(field: string, message: string): AppError {
  return new AppError('INPUT_BAD_FIELD', message, { details: { field } });
}

async function cancelJobs(deps: Deps, projectId: number): Promise<void> {
  const jobs = await deps.store.jobs.list({ projectId, limit: 100 });
  for (const job of jobs) {
    if (hasEnded(job)) continue;
    await deps.store.jobs.requestCancel(job.id);
    // The job goes with the project, and it alone knows the file.
    await deleteUpload(deps, job);
  }
}

/** Copies the living tasks; the result lists, per ordinal of the copy, the ordinal it came from. */
async function copyTasks({ store }: Deps, from: number, to: number, runId: number): Promise<number[]> {
  const sources: number[] = [];
  for (let after = 0; ; ) {
    const page = await store.tasks.list(from, { after, limit: COPY_CHUNK });
    if (page.length === 0) return sources;
    await store.tasks.insert(
      to,
      runId,
      page.map(({ data, meta }) => ({ data, meta })),
      sources.length + page.length,
    );
    sources.push(...page.map((task) => task.ordinal));
    after = page.at(-1)!.id;
  }
}
