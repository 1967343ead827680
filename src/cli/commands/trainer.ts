/** `headstart trainer show|set|remove`: who is told when there is enough to train on elsewhere. */
import { type Command, Option } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface SetFlags extends CommonFlags {
  readonly url: string;
  readonly every: number;
  readonly counts: 'annotations' | 'verified';
}

export function addTrainer(program: Command): void {
  const trainer = program
    .command('trainer')
    .description('training elsewhere: an address that is called when it is due');
  withCommon(trainer.command('show'))
    .description('who is called, after how many, and how many there were at the last call')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const found = await client.call('trainerGet', { params: { project_id: projectId } });
        out.rows(found.trainer === null ? [] : [found.trainer]);
      }),
    );
  withCommon(trainer.command('set'))
    .description('call an address, signed, after so many new answers; prints the secret, once')
    .argument('<project>', 'id of the project', positive)
    .requiredOption('--url <address>', 'what to call')
    .requiredOption('--every <number>', 'new ones between two calls', positive)
    .addOption(
      new Option('--counts <what>', 'annotations: labeled tasks; verified: ground truths')
        .choices(['annotations', 'verified'])
        .default('annotations'),
    )
    .action((projectId: number, { url, every, counts, ...flags }: SetFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.record(
          await client.call('trainerSet', { params: { project_id: projectId }, body: { url, every, counts } }),
        ),
      ),
    );
  withCommon(trainer.command('remove'))
    .description('call nobody any more')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('trainerDelete', { params: { project_id: projectId } });
        out.note(`Project ${projectId} calls no trainer any more.`);
      }),
    );
}
