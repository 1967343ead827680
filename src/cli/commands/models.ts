/** `headstart models available|list|compare|rollback|unpin`: embedders of this machine, versions of a project. */
import type { Command } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

export function addModels(program: Command): void {
  const models = program.command('models').description('embedders, and the trained versions of a project');
  withCommon(models.command('available'))
    .description('models this machine can run')
    .action((flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => out.rows(await client.call('embedders'))),
    );
  withCommon(models.command('list'))
    .description('versions of a project, oldest first')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const versions = await client.call('modelVersions', { params: { project_id: projectId } });
        out.rows(
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
    .description('serve this version, unchanged, until `models unpin`')
    .argument('<project>', 'id of the project', positive)
    .argument('<version>', 'id of the version', positive)
    .action((projectId: number, versionId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { id, number, version, verdict } = await client.call('modelActivate', {
          params: { project_id: projectId, model_id: versionId },
        });
        out.record({ id, number, version, verdict });
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
}
