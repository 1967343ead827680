/** `headstart similar` and `headstart duplicates`: what looks like a task, and what is there twice. */
import { type Command, Option } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { watchJobs } from '../progress.ts';
import { type CommonFlags, type Session, withSession } from '../session.ts';

const TEXT_SHOWN = 80;

export function addSimilar(program: Command): void {
  withCommon(program.command('similar'))
    .description('the tasks that look most like one, with their labels')
    .argument('<task>', 'id of the task', positive)
    .option('--limit <number>', 'tasks to show', positive, 10)
    .action((taskId: number, flags: CommonFlags & { limit: number }) =>
      withSession(flags, async ({ client, out }) => {
        const near = await client.call('taskSimilar', {
          params: { task_id: taskId },
          query: { limit: Math.min(100, flags.limit) },
        });
        out.rows(
          near.map(({ task, similarity, label }) => ({
            task: task.id,
            similarity: Number(similarity.toFixed(4)),
            label,
            data: JSON.stringify(task.data).slice(0, TEXT_SHOWN),
          })),
        );
      }),
    );
}

interface DuplicateFlags extends CommonFlags {
  readonly do: 'list' | 'label' | 'skip';
}

export function addDuplicates(program: Command): void {
  withCommon(program.command('duplicates'))
    .description('copies and near-copies, those with contradictory labels first')
    .argument('<project>', 'id of the project', positive)
    .addOption(
      new Option('--do <what>', 'list them; label copies like their labeled one; skip all but one of each group')
        .choices(['list', 'label', 'skip'])
        .default('list'),
    )
    .action((projectId: number, flags: DuplicateFlags) =>
      withSession(flags, async (session) => {
        const { client, out } = session;
        const params = { project_id: projectId };
        await client.call('duplicatesFind', { params });
        await watchJobs(client, projectId);
        const found = (await client.call('duplicatesGet', { params }))!;
        if (flags.do === 'label') await labelCopies(session, projectId, found.groups);
        else if (flags.do === 'skip') await keepFirst(session, projectId, found.groups);
        else {
          out.rows(
            found.groups.map(({ tasks, measure, labels }) => ({
              tasks: tasks.join(' '),
              measure,
              labels: Object.keys(labels).join(' against ') || null,
            })),
          );
        }
        out.note(`${found.total} groups of copies, ${found.conflicts} with contradictory labels.`);
      }),
    );
}

type Groups = readonly {
  readonly tasks: readonly number[];
  readonly labels: Readonly<Record<string, readonly number[]>>;
  readonly open: readonly number[];
}[];

/** Groups of which people gave exactly one label: the others get it, as one run. */
async function labelCopies({ client, out }: Session, projectId: number, groups: Groups): Promise<void> {
  const items = groups.flatMap(({ labels, open }) => {
    const [only, ...more] = Object.keys(labels);
    return only === undefined || more.length > 0 ? [] : open.map((task) => ({ task, labels: [only] }));
  });
  if (items.length === 0) return out.note('No copies wait for a label.');
  const job = await client.call('bulkLabel', { params: { project_id: projectId }, body: { items } });
  await watchJobs(client, projectId);
  out.record((await client.call('jobGet', { params: { job_id: job.id } })).output as Record<string, unknown>);
}

/** Of each group the first labeled copy stays, or the first; contradictory groups are left to people. */
async function keepFirst({ client, out }: Session, projectId: number, groups: Groups): Promise<void> {
  let skipped = 0;
  for (const { tasks, labels } of groups) {
    const labeled = Object.values(labels);
    if (labeled.length > 1) continue;
    const body = { task: labeled[0]?.[0] ?? tasks[0]! };
    await client.call('duplicatesKeepOne', { params: { project_id: projectId }, body });
    skipped += tasks.length - 1;
  }
  await watchJobs(client, projectId);
  out.record({ groups: groups.length, skipped });
}
