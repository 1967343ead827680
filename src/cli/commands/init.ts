/** `headstart init`: a new project from a label config, a template or just from labels. */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { makeChoicesConfig, renderLabelConfig, templateNamed } from '../../labelconfig/index.ts';
import type { Client } from '../client.ts';
import { labelList, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface InitFlags extends CommonFlags {
  readonly config?: string;
  readonly template?: string;
  readonly sample?: boolean;
  readonly labels?: string[];
  readonly field: string;
  readonly multiple?: boolean;
}

export function addInit(program: Command): void {
  withCommon(program.command('init <title>'))
    .description('make a project')
    .option('--config <file>', 'Label Studio labeling config (XML)')
    .option('--template <name>', 'a ready config; `headstart templates` lists them')
    .option('--sample', 'put the sample task of the template into the project')
    .option('--labels <list>', 'labels instead of a config, like spam,ham', labelList)
    .option('--field <name>', 'data field that holds the text, with --labels', 'text')
    .option('--multiple', 'several labels may hold, with --labels')
    .action((title: string, flags: InitFlags) =>
      withSession(flags, async ({ client, out }) => {
        const project = await client.call('projectCreate', { body: { title, label_config: await configOf(flags) } });
        if (flags.sample) await importSample(client, project.id, flags.template);
        out.record({ id: project.id, title: project.title, labels: labelsOf(project.parsed_label_config) });
      }),
    );
}

async function configOf({ config, template, labels, field, multiple }: InitFlags): Promise<string> {
  if (config !== undefined) return readFile(config, 'utf8');
  if (template !== undefined) return templateNamed(template).config;
  if (labels !== undefined) return renderLabelConfig(makeChoicesConfig({ labels, field, multiple: multiple ?? false }));
  throw new AppError('INPUT_BAD_FIELD', 'Say what to label: --labels spam,ham, --template NAME or --config FILE.');
}

async function importSample(client: Client, projectId: number, template: string | undefined): Promise<void> {
  if (template === undefined)
    throw new AppError('INPUT_BAD_FIELD', 'Only templates have a sample: add --template NAME.');
  const options = { params: { project_id: projectId }, query: { name: `${template}.json` } };
  const body = Readable.from([Buffer.from(JSON.stringify([{ data: templateNamed(template).sample }]))]);
  await client.upload('projectImport', options, body);
}

export function labelsOf(config: Record<string, { labels: string[] }>): string[] {
  return Object.values(config).flatMap((control) => control.labels);
}
