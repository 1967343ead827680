/** Projects: list, create, change, copy, delete; checking a label config. */
import type { App } from '../../app/app.ts';
import type { LabelMigration } from '../../app/projects/api.ts';
import type { Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import { parsedConfigWire } from '../config-wire.ts';
import type { Body, ProjectDetailWire } from '../contract/index.ts';
import { numberedPage } from '../paging.ts';
import { compact, projectInput, projectWire } from '../wire.ts';

type Names =
  | 'projectList'
  | 'projectCreate'
  | 'projectGet'
  | 'projectUpdate'
  | 'projectDelete'
  | 'projectDuplicate'
  | 'configValidate'
  | 'projectValidate';

export function projectHandlers({ projects, scripts }: App): Handlers<Names> {
  const wire = async (project: Project) =>
    projectWire(project, await projects.counts(project.id), await scripts.predictionsStored(project.id));
  const detail = async (project: Project): Promise<ProjectDetailWire> => ({
    ...(await wire(project)),
    parsed_label_config: readableConfig(project.labelConfig),
  });
  const validate = async ({ body }: { body: { label_config: string } }) => ({
    label_config: body.label_config,
    ...projects.checkLabelConfig(body.label_config),
    parsed_label_config: parsedConfigWire(body.label_config),
  });

  return {
    async projectList({ query, who, request }) {
      const all = await projects.list(compact({ archived: query.archived }));
      const mine = all.filter((project) => who.projectId === null || project.id === who.projectId);
      const page = numberedPage(mine, query, request);
      return { ...page, results: await Promise.all(page.results.map(wire)) };
    },
    projectCreate: async ({ body }) => detail(await projects.create(projectInput(body))),
    projectGet: async ({ params }) => detail(await projects.get(params.project_id)),
    async projectUpdate({ params, body }) {
      const change = compact({ ...projectInput(body), archived: body.is_archived });
      return detail(await projects.update(params.project_id, change, migrationOf(body)));
    },
    async projectDelete({ params }) {
      await projects.delete(params.project_id);
      return null;
    },
    projectDuplicate: async ({ params, body }) =>
      detail(await projects.duplicate(params.project_id, projectInput(body))),
    configValidate: validate,
    projectValidate: validate,
  };
}

/** A project may still be without a config; that is no reason not to show it. */
function readableConfig(xml: string): ProjectDetailWire['parsed_label_config'] {
  try {
    return parsedConfigWire(xml);
  } catch (error) {
    if (error instanceof AppError) return {};
    throw error;
  }
}

function migrationOf({ label_migration: given }: Body<'projectUpdate'>): LabelMigration | undefined {
  return given && compact(given);
}
