/** `headstart jobs list|show|failures|watch|pause|resume|cancel|retry`: background work. */
import type { Command } from 'commander';
import type { JobWire } from '../../server/contract/index.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJob } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

const PAGE = 1_000;
/** Failed items shown along with a job. */
const FAILURES_SHOWN = 20;

export function addJobs(program: Command): void {
  const jobs = program
    .command('jobs')
    .description('background work: list, show, failures, watch, pause, resume, cancel, retry');
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
    .description('one job with the first items that failed')
    .argument('<job>', 'id of the job', positive)
    .action((jobId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { job_id: jobId };
        const job = await client.call('jobGet', { params });
        out.record({ ...job });
        if (job.failed === 0) return;
        out.rows(await client.call('jobFailures', { params, query: { limit: FAILURES_SHOWN } }));
        if (job.failed > FAILURES_SHOWN) out.note(`All ${job.failed} of them: headstart jobs failures ${jobId}`);
      }),
    );
  withCommon(jobs.command('failures'))
    .description('all items of a job that failed, each with its reason')
    .argument('<job>', 'id of the job', positive)
    .action((jobId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        for (let after = 0; ; ) {
          const query = { after, limit: PAGE };
          const page = await client.call('jobFailures', { params: { job_id: jobId }, query });
          if (page.length > 0 || after === 0) out.rows(page);
          if (page.length < PAGE) return;
          after = page.at(-1)!.task;
        }
      }),
    );
  withCommon(jobs.command('watch'))
    .description('show the progress of a job with its rate and the time left, until it ends or is paused')
    .argument('<job>', 'id of the job', positive)
    .action((jobId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => out.record(rowOf(await watchJob(client, jobId)))),
    );
  for (const [verb, route, description] of ACTS) {
    withCommon(jobs.command(verb))
      .description(description)
      .argument('<job>', 'id of the job', positive)
      .action((jobId: number, flags: CommonFlags) =>
        withSession(flags, async ({ client, out }) =>
          out.record(rowOf(await client.call(route, { params: { job_id: jobId } }))),
        ),
      );
  }
}

const ACTS = [
  ['pause', 'jobPause', 'stop a job for a time; it keeps what it has done and waits for `resume`, also over a restart'],
  ['resume', 'jobResume', 'let a paused job go on from where it was'],
  ['cancel', 'jobCancel', 'stop a job; what it has done so far is kept, save what counts whole or not at all'],
  [
    'retry',
    'jobRetry',
    'run a failed or cancelled job on from where it stopped; of one that is done, only the items that failed',
  ],
] as const;

function rowOf({ id, project, kind, state, stage, done, total, failed, rate, seconds_left }: JobWire): Row {
  return { id, project, kind, state, stage, done, total, failed, rate, seconds_left };
}
