/** `headstart export`: the labels of a project as a file, each with who or what set it. */
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { positive, withCommon } from '../flags.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface ExportFlags extends CommonFlags {
  readonly format: string;
  readonly all?: boolean;
  readonly predictions?: boolean;
  readonly output?: string;
}

export function addExport(program: Command): void {
  withCommon(program.command('export'))
    .description('export labels')
    .argument('<project>', 'id of the project', positive)
    .option('--format <name>', 'json, json-min, jsonl, csv or tsv', 'json')
    .option('--all', 'also tasks without an annotation')
    .option('--predictions', 'also what the model says')
    .option('-o, --output <file>', 'file to write; standard output when left out')
    .action((projectId: number, flags: ExportFlags) =>
      withSession(flags, async ({ client }) => {
        const body = await client.download('projectExport', {
          params: { project_id: projectId },
          query: {
            exportType: flags.format,
            download_all_tasks: flags.all ?? false,
            with_predictions: flags.predictions ?? false,
          },
        });
        if (flags.output === undefined) for await (const chunk of body) process.stdout.write(chunk);
        else await pipeline(body, createWriteStream(flags.output));
      }),
    );
}
