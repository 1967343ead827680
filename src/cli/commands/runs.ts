/** `headstart runs list|show|undo|redo`: bulk acts, each undoable as a whole. */
import type { Command } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

export function addRuns(program: Command): void {
  const runs = program.command('runs').description('bulk acts: list, show, undo, redo');
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
