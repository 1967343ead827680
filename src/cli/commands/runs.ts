/** `headstart runs list|show|undo|redo|promote`: bulk acts, each undoable as a whole. */
import type { Command } from 'commander';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJobs } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface PromoteFlags extends CommonFlags {
  readonly name: string;
  readonly run?: number;
  readonly minScore?: number;
}

export function addRuns(program: Command): void {
  const runs = program.command('runs').description('bulk acts: list, show, undo, redo, promote');
  withCommon(runs.command('list'))
    .description('bulk acts of a project, oldest first')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const list = await client.call('runList', { params: { project_id: projectId } });
        out.rows(
          list.map(({ id, kind, state, written, revoked_at, summary }) => ({
            id,
            kind,
            state,
            written,
            undone: revoked_at,
            summary,
          })),
        );
      }),
    );
  withCommon(runs.command('show'))
    .description('one bulk act')
    .argument('<run>', 'id of the run', positive)
    .action((runId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.record(await client.call('runGet', { params: { run_id: runId } })),
      ),
    );
  withCommon(runs.command('promote'))
    .description('turn machine labels into annotations of tasks that nobody has dealt with, as a run of their own')
    .argument('<project>', 'id of the project', positive)
    .requiredOption('--name <text>', 'why these labels are good enough; shown in the list of runs')
    .option('--run <id>', 'the run whose labels count; left out, the suggestions over all votes', positive)
    .option('--min-score <p>', 'least probability, 0..1', Number)
    .action((projectId: number, flags: PromoteFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { name, run, minScore } = flags;
        const body = {
          name,
          ...(run === undefined ? {} : { run }),
          ...(minScore === undefined ? {} : { min_score: minScore }),
        };
        const job = await client.call('promote', { params: { project_id: projectId }, body });
        await watchJobs(client, projectId);
        const ended = await client.call('jobGet', { params: { job_id: job.id } });
        out.record(ended.output as Row);
      }),
    );
  for (const [verb, route] of [
    ['undo', 'runUndo'],
    ['redo', 'runRedo'],
  ] as const) {
    withCommon(runs.command(verb))
      .description(verb === 'undo' ? 'take back everything a run wrote' : 'bring an undone run back')
      .argument('<run>', 'id of the run', positive)
      .action((runId: number, flags: CommonFlags) =>
        withSession(flags, async ({ client, out }) => {
          const run = await client.call(route, { params: { run_id: runId } });
          out.record({ id: run.id, undone: run.revoked_at, summary: run.summary });
        }),
      );
  }
}
