/** `headstart models`: models of this installation, those that a project asks, and the versions it trained. */
import type { Command } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';
import { addHome } from './models-home.ts';
import { addLibrary, shown } from './models-library.ts';
import { addProjectModels } from './models-projects.ts';

export function addModels(program: Command): void {
  const models = program
    .command('models')
    .description('models that are there, those a project asks, and those it trained');
  withCommon(models.command('list'))
    .description('models of this installation; or the trained versions of a project, oldest first')
    .argument('[project]', 'id of a project', positive)
    .action((projectId: number | undefined, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        if (projectId === undefined) return out.rows((await client.call('libraryList')).map(shown));
        const versions = await client.call('modelVersions', { params: { project_id: projectId } });
        return out.rows(
          versions.map(({ id, control, number, version, active, embedder, trained_on, metrics, verdict }) => {
            return { id, control, number, version, active, embedder, trained_on, accuracy: metrics.accuracy, verdict };
          }),
        );
      }),
    );
  withCommon(models.command('compare'))
    .description('tasks whose label differs between two versions')
    .argument('<project>', 'id of the project', positive)
    .argument('<from>', 'id of a version', positive)
    .argument('<to>', 'id of another version', positive)
    .action((projectId: number, from: number, to: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { flipped, total } = await client.call('modelCompare', {
          params: { project_id: projectId },
          query: { from, to },
        });
        out.note(`${flipped.length} of ${total} tasks differ.`);
        out.rows(flipped);
      }),
    );
  withCommon(models.command('rollback'))
    .description('a model: back to the version that served before; a project: serve this version until `models unpin`')
    .argument('<model-or-project>', 'name of a model, or id of a project')
    .argument('[version]', 'with a project: id of the version', positive)
    .action((subject: string, versionId: number | undefined, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        if (versionId === undefined) {
          return out.record(shown(await client.call('libraryRollback', { body: { model: subject } })));
        }
        const projectId = positive(subject);
        const { id, number, version, verdict } = await client.call('modelActivate', {
          params: { project_id: projectId, model_id: versionId },
        });
        return out.record({ id, number, version, verdict });
      }),
    );
  withCommon(models.command('unpin'))
    .description('let training replace the serving version again')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('modelUnpin', { params: { project_id: projectId } });
        out.note('Training may replace the serving version again.');
      }),
    );
  addLibrary(models);
  addProjectModels(models);
  addHome(models);
}
