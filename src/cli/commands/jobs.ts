/** `headstart jobs list|show|cancel|retry`: background work. */
import type { Command } from 'commander';
import type { JobWire } from '../../server/contract/index.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { type CommonFlags, withSession } from '../session.ts';

export function addJobs(program: Command): void {
  const jobs = program.command('jobs').description('background work: list, show, cancel, retry');
  withCommon(jobs.command('list'))
    .description('jobs, newest first')
    .option('--project <id>', 'of this project only', positive)
    .action((flags: CommonFlags & { project?: number }) =>
      withSession(flags, async ({ client, out }) => {
        const query = { limit: 100, ...(flags.project === undefined ? {} : { project: flags.project }) };
        out.rows((await client.call('jobList', { query })).map(rowOf));
      }),
    );
  withCommon(jobs.command('show'))
    .description('one job with the items that failed')
    .argument('<job>', 'id of the job', positive)
    .action((jobId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { job_id: jobId };
        out.record({ ...(await client.call('jobGet', { params })) });
        const failures = await client.call('jobFailures', { params });
        if (failures.length > 0) out.rows(failures);
      }),
    );
  for (const [verb, route] of [
    ['cancel', 'jobCancel'],
    ['retry', 'jobRetry'],
  ] as const) {
    withCommon(jobs.command(verb))
      .description(
        verb === 'cancel' ? 'stop a job; what it has done so far is kept' : 'run a failed or cancelled job again',
      )
      .argument('<job>', 'id of the job', positive)
      .action((jobId: number, flags: CommonFlags) =>
        withSession(flags, async ({ client, out }) =>
          out.record(rowOf(await client.call(route, { params: { job_id: jobId } }))),
        ),
      );
  }
}

function rowOf({ id, project, kind, state, stage, done, total, failed }: JobWire): Row {
  return { id, project, kind, state, stage, done, total, failed };
}
