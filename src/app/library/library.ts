/** Models of the installation as people manage them, and which of them a project asks. */
import type { LibraryVersion } from '../../backends/library/library.ts';
import type { Job, Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Control } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { enqueueEmbedding } from '../embeddings/embed.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { ControlModels, LibraryApi } from './api.ts';
import { MODEL_COMPARE } from './model-compare.ts';
import { exportModel } from './model-export.ts';
import { fitModel } from './model-fit.ts';
import { enqueueModelPrelabels } from './model-prelabel.ts';
import { enqueuePull } from './model-pull.ts';

export function createLibrary(deps: Deps, configs: ProjectConfigs): LibraryApi {
  const { store, library } = deps;
  const projectOf = (id: number): Promise<Project> => found('project', id, store.projects.get(id));
  const viewOf = (project: Project, control: Control): ControlModels => {
    const { parsed } = configs.of(project);
    const serving = library.list().filter((version) => version.serving);
    const models = serving.flatMap(({ info }) => fitModel(parsed, control, info)?.view ?? []);
    const bound = project.settings.models?.[control.name] ?? null;
    const offer = bound === null && models.length === 1 ? models[0]!.name : null;
    return { control: control.name, type: control.tag, bound, offer, models };
  };
  const controlOf = (project: Project, name: string): Control => {
    const control = configs.of(project).parsed.controls.find((one) => one.name === name);
    if (control) return control;
    throw new AppError('NOT_FOUND', `The label config has no control "${name}".`, { details: { control: name } });
  };
  return {
    list: async () => library.list(),
    add: async (files, options) => tellProjects(await library.add(files, options)),
    pull: (request) => enqueuePull(deps, request),
    serve: async (id) => tellProjects(await library.serve(id, 'served')),
    rollback: async (name) => tellProjects(await library.rollback(name)),
    async remove(id) {
      const { info, serving } = library.get(id);
      const users = (await store.projects.list()).filter(({ settings }) => {
        return settings.embedder === info.name || Object.values(settings.models ?? {}).includes(info.name);
      });
      if (serving && users.length > 0) {
        const titles = users.map((one) => `${one.id} "${one.title}"`).join(', ');
        throw new AppError(
          'CONFLICT',
          `'${info.name}' works for project ${titles}; choose another model there first.`,
          {
            details: { projects: users.map((one) => one.id) },
          },
        );
      }
      await library.remove(info.id);
    },
    history: async (name) => library.history(name),
    verify: (model) => library.verify(model),
    bench: (model) => library.bench(model),

    async controls(projectId) {
      const project = await projectOf(projectId);
      const views = configs.of(project).parsed.controls.map((control) => viewOf(project, control));
      return views.filter((view) => view.models.length > 0 || view.bound !== null);
    },

    async bind(projectId, name, model) {
      const project = await projectOf(projectId);
      const control = controlOf(project, name);
      const { [name]: _old, ...others } = project.settings.models ?? {};
      const models = model === null ? others : { ...others, [name]: checkedFit(project, control, model) };
      const changed = await store.projects.update(projectId, { settings: { ...project.settings, models } });
      return viewOf(changed, control);
    },

    async prelabel(projectId) {
      const jobs = await enqueueModelPrelabels(deps, await projectOf(projectId));
      if (jobs.length > 0) return jobs;
      throw new AppError('CONFLICT', `No model pre-labels a control of project ${projectId}; bind one first.`);
    },

    export: (projectId) => exportModel(deps, configs, projectId),

    async compare(projectId, { control, from, to, limit }): Promise<Job> {
      const project = await projectOf(projectId);
      controlOf(project, control);
      const [a, b] = [from, to].map((model) => library.get(model).info.id) as [string, string];
      const params = { control, from: a, to: b, limit };
      return store.jobs.enqueue({ kind: MODEL_COMPARE, projectId, params });
    },
  };

  /** Rows of another version are other rows: projects that stand on its embeddings compute them anew. */
  async function tellProjects(version: LibraryVersion): Promise<LibraryVersion> {
    const { info, serving } = version;
    const projects = serving ? await store.projects.list({ archived: false }) : [];
    for (const one of projects) if (one.settings.embedder === info.name) await enqueueEmbedding(deps, one);
    return version;
  }

  /** The model's name. Throws CONFLICT naming what does not fit. */
  function checkedFit(project: Project, control: Control, model: string): string {
    const { info } = library.get(model);
    if (fitModel(configs.of(project).parsed, control, info)) return info.name;
    throw new AppError(
      'CONFLICT',
      `'${info.name}' (${info.kind} of ${info.input}) cannot answer "${control.name}": another kind of answer, or none of its labels.`,
      { details: { model: info.id, control: control.name } },
    );
  }
}
