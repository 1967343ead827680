/** `headstart studio connect|list|accept|sync|doctor|renew|remove`: projects connected to Label Studio. */
import { type Command, Option } from 'commander';
import type { ConnectionWire } from '../../server/contract/studio.ts';
import type { Client } from '../client.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJob } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface ConnectFlags extends CommonFlags {
  readonly project?: number;
  readonly url?: string;
  readonly token?: string;
  readonly studioProject?: number;
}

interface SyncFlags extends CommonFlags {
  readonly dryRun?: boolean;
  readonly direction: 'pull' | 'push' | 'both';
  readonly predictions: boolean;
  readonly order?: boolean;
}

export function addStudio(program: Command): void {
  const studio = program.command('studio').description('projects connected to Label Studio');
  withCommon(studio.command('connect'))
    .description('print the address to paste into Label Studio; without a project one is made from the one over there')
    .option('--project <id>', 'project of Headstart', positive)
    .option('--url <address>', 'of Label Studio')
    .option('--token <token>', 'for its API, legacy or personal')
    .option('--studio-project <number>', 'number of the project in Label Studio', positive)
    .action((flags: ConnectFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { backend_url, id, project } = await connect(client, flags);
        out.record({ connection: id, project, backend_url });
      }),
    );
  withCommon(studio.command('list'))
    .description('connections of a project')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.rows((await client.call('connectionList', { params: { project_id: projectId } })).map(rowOf)),
      ),
    );
  withCommon(studio.command('accept'))
    .description('take the address and token that Label Studio has offered')
    .argument('<connection>', 'id of the connection', positive)
    .action((id: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { connection_id: id };
        out.record(rowOf(await client.call('connectionUpdate', { params, body: { accept_offer: true } })));
      }),
    );
  withCommon(studio.command('sync'))
    .description('keep both sides in step, as a job: tasks, annotations, predictions')
    .argument('<connection>', 'id of the connection', positive)
    .option('--dry-run', 'only count what would be done')
    .addOption(
      new Option('--direction <way>', 'pull: tasks and annotations come here; push: annotations made here go there')
        .choices(['pull', 'push', 'both'])
        .default('pull'),
    )
    .option('--no-predictions', 'send no predictions')
    .option('--order', "write the queue's order into a field of each task there")
    .action((id: number, flags: SyncFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { dryRun = false, direction, predictions, order = false } = flags;
        const body = { dry_run: dryRun, direction, predictions, order };
        const { id: started } = await client.call('connectionSync', { params: { connection_id: id }, body });
        const { id: job, state, output } = await watchJob(client, started);
        out.record({ job, state, ...(output as Row) });
      }),
    );
  withCommon(studio.command('doctor'))
    .description('what is wrong with a connected project, and what to do')
    .argument('<connection>', 'id of the connection', positive)
    .action((id: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.rows(await client.call('connectionDoctor', { params: { connection_id: id } })),
      ),
    );
  withCommon(studio.command('renew'))
    .description('a new address to paste; the old one stops working')
    .argument('<connection>', 'id of the connection', positive)
    .action((id: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { backend_url } = await client.call('connectionRenew', { params: { connection_id: id } });
        out.record({ connection: id, backend_url });
      }),
    );
  withCommon(studio.command('remove'))
    .description('forget a connection; tasks and annotations stay')
    .argument('<connection>', 'id of the connection', positive)
    .action((id: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('connectionDelete', { params: { connection_id: id } });
        out.note(`Connection ${id} is forgotten.`);
      }),
    );
}

function connect(client: Client, { project, url, token, studioProject }: ConnectFlags) {
  const given = {
    ...(url === undefined ? {} : { url }),
    ...(token === undefined ? {} : { token }),
    ...(studioProject === undefined ? {} : { studio_project: studioProject }),
  };
  if (project !== undefined) return client.call('connectionCreate', { params: { project_id: project }, body: given });
  return client.call('studioConnect', { body: { url: '', token: '', studio_project: 0, ...given } });
}

function rowOf({
  id,
  project,
  url,
  studio_project,
  has_token,
  offered_url,
  model_version,
  waiting,
}: ConnectionWire): Row {
  return { id, project, url, studio_project, has_token, offered_url, model_version, waiting: waiting.length };
}
