/** `headstart models fit|bind|unbind|prelabel|diff`: which models a project asks. */
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../../server/contract/index.ts';
import type { Client } from '../client.ts';
import { positive, withCommon } from '../flags.ts';
import type { Row } from '../output.ts';
import { watchJob, watchJobs } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface ControlFlags extends CommonFlags {
  readonly control?: string;
}

export function addProjectModels(models: Command): void {
  withCommon(models.command('fit'))
    .description('controls of a project that models can answer, and what of their labels is left over')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const controls = await client.call('modelControls', { params: { project_id: projectId } });
        out.rows(controls.flatMap(fitRows));
        for (const { control, offer } of controls) {
          if (offer !== null)
            out.note(`${offer} is the only model for "${control}": headstart models bind ${projectId} ${offer}`);
        }
      }),
    );
  withCommon(models.command('bind'))
    .description('let a model pre-label a control, and pre-label what is there')
    .argument('<project>', 'id of the project', positive)
    .argument('<model>', 'name of the model')
    .option('--control <name>', 'which control (default: the only one that fits)')
    .action((projectId: number, model: string, { control, ...flags }: ControlFlags) =>
      withSession(flags, async ({ client, out }) => {
        const params = { project_id: projectId };
        const chosen = control ?? (await onlyControl(client, projectId, model));
        const bound = await client.call('modelBind', { params, body: { control: chosen, model } });
        for (const row of fitRows(bound).filter((one) => one.model === model)) out.note(leftOver(row));
        out.rows(await prelabel(client, projectId));
      }),
    );
  withCommon(models.command('unbind'))
    .description('no model pre-labels this control any more; what was pre-labeled stays until its run is undone')
    .argument('<project>', 'id of the project', positive)
    .argument('<control>', 'name of the control')
    .action((projectId: number, control: string, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('modelBind', { params: { project_id: projectId }, body: { control, model: null } });
        out.note(`No model pre-labels "${control}" any more.`);
      }),
    );
  withCommon(models.command('prelabel'))
    .description('pre-label what the bound models have not seen, and what failed before')
    .argument('<project>', 'id of the project', positive)
    .action((projectId: number, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => out.rows(await prelabel(client, projectId))),
    );
  withCommon(models.command('diff'))
    .description('ask two versions the same tasks: how often they agree, and where they do not')
    .argument('<project>', 'id of the project', positive)
    .argument('<from>', 'name@version')
    .argument('<to>', 'name@version')
    .option('--control <name>', 'which control (default: the only one that fits)')
    .option('--limit <number>', 'tasks to ask', positive, 1_000)
    .action(
      (projectId: number, from: string, to: string, { control, limit, ...flags }: ControlFlags & { limit: number }) =>
        withSession(flags, async ({ client, out }) => {
          const chosen = control ?? (await onlyControl(client, projectId, from));
          const body = { control: chosen, from, to, limit };
          const job = await client.call('modelDiff', { params: { project_id: projectId }, body });
          const { differing, ...figures } = (await watchJob(client, job.id)).output as { differing: Row[] } & Row;
          out.record(figures);
          out.rows(differing);
        }),
    );
}

async function prelabel(client: Client, projectId: number): Promise<Row[]> {
  const jobs = await client.call('modelPrelabel', { params: { project_id: projectId } });
  const rows: Row[] = [];
  for (const { id } of jobs) {
    const { state, failed, output } = await watchJob(client, id);
    rows.push({ job: id, state, failed, ...(output as Row) });
  }
  // What follows from it, such as weighing the new votes, is part of what was asked for.
  await watchJobs(client, projectId);
  return rows;
}

/** A model is named with or without its version. */
async function onlyControl(client: Client, projectId: number, model: string): Promise<string> {
  const name = model.split('@', 1)[0];
  const controls = await client.call('modelControls', { params: { project_id: projectId } });
  const fitting = controls.filter(({ models }) => models.some((one) => one.name === name));
  if (fitting.length === 1) return fitting[0]!.control;
  const names = fitting.map(({ control }) => control).join(', ');
  throw new AppError(
    'INPUT_BAD_FIELD',
    names
      ? `Say which control (--control): ${names}.`
      : `No control of project ${projectId} fits '${name}'; \`headstart models fit ${projectId}\` shows which models do.`,
  );
}

function fitRows({ control, type, bound, models }: Reply<'modelBind'>): Row[] {
  return models.map(({ name, classes, mapped, unmapped_classes, unmapped_labels }) => ({
    ...{ control, type, model: name, bound: bound === name, classes, mapped },
    ...{ classes_left_over: unmapped_classes.join(', '), labels_left_over: unmapped_labels.join(', ') },
  }));
}

function leftOver({ classes, mapped, labels_left_over: labels }: Row): string {
  const missing = labels === '' ? '' : ` No class means: ${labels}.`;
  return `${mapped} of ${classes} classes have a label here.${missing}`;
}
