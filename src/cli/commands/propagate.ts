/** `headstart propagate preview|apply|ask|span|undo`: labels of a few spread to look-alikes, under a promise. */
import type { Command } from 'commander';
import type { Reply } from '../../server/contract/index.ts';
import { positive, share, withCommon } from '../flags.ts';
import { watchJob } from '../progress.ts';
import { type CommonFlags, type Session, withSession } from '../session.ts';
import { addPropagateSpan } from './propagate-span.ts';

interface SpreadFlags extends CommonFlags {
  readonly target?: number;
}

type Plan = NonNullable<Reply<'spreadPlan'>>;

export function addPropagate(program: Command): void {
  const propagate = program
    .command('propagate')
    .description('spread labels to look-alikes: preview, apply, ask, span, undo');
  withCommon(propagate.command('preview'))
    .description('what spreading would do, and on what evidence; writes nothing')
    .argument('<project>', 'id of the project', positive)
    .option('--target <share>', 'precision promised (default: 0.95)', share)
    .action((projectId: number, flags: SpreadFlags) =>
      withSession(flags, async (session) => show(session, await preview(session, projectId, flags))),
    );
  withCommon(propagate.command('apply'))
    .description('write what the gate lets through as votes of one run')
    .argument('<project>', 'id of the project', positive)
    .option('--target <share>', 'precision promised (default: 0.95)', share)
    .action((projectId: number, flags: SpreadFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        const job = await client.call('spreadApply', { params, body: settingsOf(flags) });
        out.record((await watchJob(client, job.id)).output as Record<string, unknown>);
      }),
    );
  withCommon(propagate.command('ask'))
    .description('put random tasks before all others, whose answers widen what can be promised')
    .argument('<project>', 'id of the project', positive)
    .option('--count <number>', 'how many (default: as many as the last preview lacks)', positive)
    .action((projectId: number, { count, ...flags }: CommonFlags & { count?: number }) =>
      withSession(flags, async ({ client, out }) => {
        const body = count === undefined ? {} : { count };
        const { queued } = await client.call('spreadVerify', { params: { project_id: projectId }, body });
        out.record({ queued });
        out.note('Answer them on the label page or with `headstart next`, then preview again.');
      }),
    );
  addPropagateSpan(propagate);
  withCommon(propagate.command('undo'))
    .description('take back the newest propagation that stands, of labels or of a span')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const runs = await client.call('runList', { params: { project_id: projectId } });
        const run = runs.filter((one) => one.kind === 'propagation' && one.revoked_at === null).at(-1);
        if (!run) {
          out.note('Nothing is propagated.');
          return;
        }
        const undone = await client.call('runUndo', { params: { run_id: run.id } });
        out.record({ id: undone.id, undone: undone.revoked_at, summary: undone.summary });
      }),
    );
}

async function preview({ client }: Session, projectId: number, flags: SpreadFlags): Promise<Plan> {
  const params = { project_id: projectId };
  const job = await client.call('spreadPreview', { params, body: settingsOf(flags) });
  await watchJob(client, job.id);
  return (await client.call('spreadPlan', { params }))!;
}

function settingsOf({ target }: SpreadFlags): { target?: number } {
  return target === undefined ? {} : { target };
}

function show({ out }: Session, plan: Plan): void {
  out.rows(plan.labels.map(({ label, proposed, accepted }) => ({ label, proposed, accepted })));
  for (const { label, method, rule, right, total, bound, more } of plan.questions) {
    const about = label === null ? '' : `${label}: `;
    out.note(
      `${about}${method}; ${right} of ${total} verified right beyond the threshold, bound ${bound.toFixed(3)} (${rule}).`,
    );
    if (more !== null) out.note(`${about}about ${more} more random answers would widen it.`);
  }
  if (plan.questions.some((question) => question.more !== null)) {
    out.note('`headstart propagate ask` puts that many random tasks before all others.');
  }
  out.note(`${plan.seeds} answers teach, ${plan.verified} check as well; ${plan.items} tasks in the graph.`);
}
