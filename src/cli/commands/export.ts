/** `headstart export`: the labels of a project as a file, each with who or what set it. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Option } from 'commander';
import { FORMATS } from '../../formats/index.ts';
import type { Query } from '../../server/contract/index.ts';
import type { Client } from '../client.ts';
import { positive, share, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface ExportFlags extends CommonFlags {
  readonly format: string;
  readonly labels: 'annotations' | 'predictions' | 'both' | 'consensus';
  readonly all?: boolean;
  readonly predictions?: boolean;
  readonly finished?: boolean;
  readonly labeler?: string;
  readonly modelVersion?: string;
  readonly minScore?: number;
  readonly since?: string;
  readonly until?: string;
  readonly escapeFormulas?: boolean;
  readonly media?: boolean;
  readonly output?: string;
}

const names = FORMATS.filter(({ write, writeFolder }) => write ?? writeFolder).map(({ name }) => name);

export function addExport(program: Command): void {
  withCommon(program.command('export'))
    .description('export labels; what the format cannot hold is said on standard error')
    .argument('<project>', 'id of the project', positive)
    .option('--format <name>', names.join(', '), 'json')
    .addOption(
      new Option(
        '--labels <which>',
        'answers of people, suggestions (predictions), both, or one answer per task (consensus)',
      )
        .choices(['annotations', 'predictions', 'both', 'consensus'])
        .default('annotations'),
    )
    .option('--predictions', 'the same as --labels both')
    .option('--all', 'also tasks without such an answer')
    .option('--finished', 'only tasks with as many annotations as the project wants')
    .option('--labeler <name>', 'only answers of this one: ada, annotator:ada, model:head@3fa9')
    .option('--model-version <version>', 'only suggestions of this version')
    .option(
      '--min-score <share>',
      'only suggestions at least this sure, consensus at least this agreed on, 0 to 1',
      share,
    )
    .option('--since <date>', 'only answers given or changed from here on, like 2025-01-31')
    .option('--until <date>', 'only answers given or changed before')
    .option('--escape-formulas', 'CSV, TSV: a quote before cells that a spreadsheet would run')
    .option('--media', 'a zip with the pictures, sounds and films that the tasks show')
    .option('-o, --output <file>', 'file to write; standard output when left out')
    .action((projectId: number, flags: ExportFlags) =>
      withSession(flags, async ({ client }) => {
        const options = { params: { project_id: projectId }, query: queryOf(flags) };
        const body = await client.download('projectExport', options);
        if (flags.output === undefined) for await (const chunk of body) process.stdout.write(chunk);
        else await pipeline(body, createWriteStream(flags.output));
        await reportLosses(client, options);
      }),
    );
}

function queryOf(flags: ExportFlags): Query<'projectExport'> {
  const wanted = {
    exportType: flags.format,
    labels: flags.predictions ? ('both' as const) : flags.labels,
    download_all_tasks: flags.all,
    only_finished: flags.finished,
    labeler: flags.labeler,
    model_version: flags.modelVersion,
    min_score: flags.minScore,
    since: flags.since,
    until: flags.until,
    escape_formulas: flags.escapeFormulas,
    with_media: flags.media,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}

type ExportOptions = { readonly params: { project_id: number }; readonly query: Query<'projectExport'> };

/** A loss to a line, so that they can be counted and searched. */
async function reportLosses(client: Client, options: ExportOptions): Promise<void> {
  const { count, losses } = await client.call('exportLosses', options);
  const lines = losses.map(({ task, message }) => `task ${task}: ${message.replace(/\p{Cc}+/gu, ' ')}\n`);
  const rest = count - losses.length;
  process.stderr.write(lines.join('') + (rest > 0 ? `... and ${rest} more\n` : ''));
}
