/** `headstart import`: tasks from a file into a project, all rows or none. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { FORMATS } from '../../formats/index.ts';
import type { Client } from '../client.ts';
import { positive, withCommon } from '../flags.ts';
import { watchJobs } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface ImportFlags extends CommonFlags {
  readonly format?: string;
  readonly skipInvalid?: boolean;
  readonly wait: boolean;
}

const names = FORMATS.filter(({ read, readFolder }) => read ?? readFolder).map(({ name }) => name);

export function addImport(program: Command): void {
  withCommon(program.command('import'))
    .description('import tasks from a file; formats of many files from a zip of them')
    .argument('<project>', 'id of the project', positive)
    .argument('<file>', 'the file')
    .option('--format <name>', `${names.join(', ')}; found by ending and contents when left out`)
    .option('--skip-invalid', 'leave bad rows out and list them, instead of refusing the file')
    .option('--no-wait', 'do not wait for embedding and pre-labeling (needs a running server)')
    .action((projectId: number, file: string, flags: ImportFlags) =>
      withSession(flags, async ({ client, out }) => {
        const { skipped, ...done } = await importFile(client, projectId, file, flags);
        if (flags.wait) await watchJobs(client, projectId);
        out.record({ ...done, skipped: skipped.length });
        if (skipped.length > 0) out.rows(skipped);
      }),
    );
}

export function importFile(
  client: Client,
  projectId: number,
  file: string,
  flags: Pick<ImportFlags, 'format' | 'skipInvalid'>,
) {
  const query = {
    name: basename(file),
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(flags.skipInvalid ? { skip_invalid: true } : {}),
  };
  return client.upload('projectImport', { params: { project_id: projectId }, query }, createReadStream(file));
}
