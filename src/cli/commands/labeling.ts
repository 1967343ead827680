/** `headstart next` and `headstart annotate`: label from scripts and terminals. */
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { type Control, parseLabelConfig, regionFromChoice } from '../../labelconfig/index.ts';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, type Session, withSession } from '../session.ts';

export function addNext(program: Command): void {
  withCommon(program.command('next'))
    .description('lease the next task, with the suggestion and why it comes now')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const item = await client.call('queueNext', { params: { project_id: projectId }, query: { empty: '204' } });
        if (item === null) return out.note('Nothing is left to label.');
        const [suggestion] = item.predictions;
        out.record({
          task: item.id,
          data: item.data,
          suggestion: suggestion?.result ?? null,
          score: suggestion?.score ?? null,
          why: item.reason?.sentence ?? null,
        });
      }),
    );
}

interface AnnotateFlags extends CommonFlags {
  readonly skip?: boolean;
  readonly note?: string;
}

export function addAnnotate(program: Command): void {
  withCommon(program.command('annotate'))
    .description('answer a task with labels')
    .argument('<task>', 'id of the task', positive)
    .argument('[labels...]', 'labels that hold')
    .option('--skip', 'skip the task')
    .option('--note <text>', 'a note for the reviewer')
    .action((taskId: number, labels: string[], flags: AnnotateFlags) =>
      withSession(flags, async (session) => {
        const result = flags.skip ? [] : [regionFromChoice(await controlOf(session, taskId), labels)];
        const answer = await session.client.call('annotationCreate', {
          params: { task_id: taskId },
          body: {
            result,
            was_cancelled: flags.skip ?? false,
            ...(flags.note === undefined ? {} : { note: flags.note }),
          },
        });
        session.out.record({ annotation: answer.id, task: taskId, labels, outcome: answer.outcome });
      }),
    );
}

async function controlOf({ client }: Session, taskId: number): Promise<Control> {
  const task = await client.call('taskGet', { params: { task_id: taskId } });
  const project = await client.call('projectGet', { params: { project_id: task.project } });
  const control = parseLabelConfig(project.label_config).controls.find((one) => one.kind === 'classification');
  if (control) return control;
  throw new AppError('INPUT_BAD_FIELD', 'This project has no list of choices; use the page or the API.');
}
