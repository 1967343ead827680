/** `headstart prelabel`, `train` and `rank`: what the server does by itself, asked for by hand. */
import type { Command } from 'commander';
import type { Reply } from '../../server/contract/index.ts';
import { positive, withCommon } from '../flags.ts';
import { watchJobs } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

export function addPrelabel(program: Command): void {
  withCommon(program.command('prelabel'))
    .description('embed and pre-label what lacks it')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('prelabel', { params: { project_id: projectId } });
        const jobs = await watchJobs(client, projectId);
        out.rows(jobs.map(({ id, kind, state, done, failed }) => ({ job: id, kind, state, done, failed })));
      }),
    );
}

interface TrainFlags extends CommonFlags {
  readonly dryRun?: boolean;
  readonly ifDue?: boolean;
}

function planRecord({ would_train, sentence, rules, obstacle }: Reply<'trainingPlan'>): Record<string, unknown> {
  const met = rules.filter((rule) => rule.met).map((rule) => rule.name);
  return {
    would_train,
    why: sentence,
    rules: rules.map((rule) => rule.name).join(', '),
    met: met.join(', '),
    obstacle,
  };
}

export function addTrain(program: Command): void {
  withCommon(program.command('train'))
    .description('train a new version now; it serves if it is not worse')
    .argument('<project>', 'id of the project', positive)
    .option('--dry-run', 'only say whether the policy of the project would train now, and why')
    .option('--if-due', 'train only if the policy says so')
    .action((projectId: number, flags: TrainFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        if (flags.dryRun) return out.record(planRecord(await client.call('trainingPlan', { params })));
        const asked = flags.ifDue ? await client.call('trainingAsk', { params }) : null;
        if (asked?.job === null) return out.record(planRecord(asked.plan));
        const job = asked?.job ?? (await client.call('train', { params }));
        await watchJobs(client, projectId);
        out.record((await client.call('jobGet', { params: { job_id: job.id } })).output as Record<string, unknown>);
      }),
    );
}

interface RankFlags extends CommonFlags {
  readonly limit: number;
  readonly strategy?: string;
  readonly use?: boolean;
  readonly list?: boolean;
}

export function addRank(program: Command): void {
  withCommon(program.command('rank'))
    .description('compute the order of the queue again and show its head')
    .argument('<project>', 'id of the project', positive)
    .option('--limit <number>', 'tasks to show', positive, 20)
    .option('--strategy <name>', 'only show what another strategy, or a blend like margin:2,random:1, would put first')
    .option('--use', 'with --strategy: order the queue by it from now on')
    .option('--list', 'only list the strategies, each with what a project has to ask for')
    .action((projectId: number, flags: RankFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        if (flags.list) return out.rows(strategyRows(await client.call('strategyList', {})));
        if (flags.use && flags.strategy !== undefined) {
          const body = { settings: { query_strategy: flags.strategy } };
          await client.call('projectUpdate', { params, body });
        } else if (flags.strategy !== undefined) {
          const query = { query_strategy: flags.strategy, limit: flags.limit };
          return out.rows(comparedRows(await client.call('queueCompare', { params, query })));
        }
        await client.call('queueRank', { params });
        const queue = await client.call('queuePreview', { params, query: { limit: flags.limit } });
        out.rows(
          queue.map(({ task, reason }) => ({
            rank: reason.rank,
            task: task.id,
            score: reason.score,
            why: reason.sentence,
          })),
        );
      }),
    );
}

function strategyRows(strategies: Reply<'strategyList'>): Record<string, unknown>[] {
  return strategies.map(({ name, asked, summary }) => ({ name, for: asked ?? 'anything', summary }));
}

/** `was`: the rank it has now, if it is among the first at all. */
function comparedRows({ before, after }: Reply<'queueCompare'>): Record<string, unknown>[] {
  const was = new Map(before.map(({ task }, i) => [task.id, i + 1]));
  return after.map(({ task, reason }) => ({
    rank: reason.rank,
    was: was.get(task.id) ?? null,
    task: task.id,
    why: reason.sentence,
  }));
}
