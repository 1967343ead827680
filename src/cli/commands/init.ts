/** `headstart init`: a new project from a label config or just from labels. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { makeChoicesConfig, renderLabelConfig } from '../../labelconfig/index.ts';
import { labelList, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface InitFlags extends CommonFlags {
  readonly config?: string;
  readonly labels?: string[];
  readonly field: string;
  readonly multiple?: boolean;
}

export function addInit(program: Command): void {
  withCommon(program.command('init <title>'))
    .description('make a project')
    .option('--config <file>', 'Label Studio labeling config (XML)')
    .option('--labels <list>', 'labels instead of a config, like spam,ham', labelList)
    .option('--field <name>', 'data field that holds the text, with --labels', 'text')
    .option('--multiple', 'several labels may hold, with --labels')
    .action((title: string, flags: InitFlags) =>
      withSession(flags, async ({ client, out }) => {
        const project = await client.call('projectCreate', { body: { title, label_config: await configOf(flags) } });
        out.record({ id: project.id, title: project.title, labels: labelsOf(project.parsed_label_config) });
      }),
    );
}

async function configOf({ config, labels, field, multiple }: InitFlags): Promise<string> {
  if (config !== undefined) return readFile(config, 'utf8');
  if (labels !== undefined) return renderLabelConfig(makeChoicesConfig({ labels, field, multiple: multiple ?? false }));
  throw new AppError('INPUT_BAD_FIELD', 'Say what to label: --labels spam,ham or --config FILE.');
}

export function labelsOf(config: Record<string, { labels: string[] }>): string[] {
  return Object.values(config).flatMap((control) => control.labels);
}
