/** `headstart label mails.csv --labels spam,ham`: from a file to a labeling queue, without a config. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatNamed, guessTextField, sniffFormat } from '../../formats/index.ts';
import { makeChoicesConfig, renderLabelConfig } from '../../labelconfig/index.ts';
import { startServer } from '../../local-server.ts';
import { createClient } from '../client.ts';
import { labelList, withAddress, withCommon } from '../flags.ts';
import { reportError } from '../output.ts';
import { watchUntil } from '../progress.ts';
import { type CommonFlags, wantsJson } from '../session.ts';
import { importFile } from './import.ts';
import { stopSignal } from './serve.ts';

interface LabelFlags extends CommonFlags {
  readonly labels: string[];
  readonly field?: string;
  readonly multiple?: boolean;
}

const SAMPLE_ROWS = 100;

export function addLabel(program: Command): void {
  withAddress(withCommon(program.command('label <file>')))
    .description('start labeling a file: makes the project, imports, embeds and serves the queue')
    .requiredOption('--labels <list>', 'the labels, like spam,ham', labelList)
    .option('--field <name>', 'column that holds the text (default: guessed)')
    .option('--multiple', 'several labels may hold')
    .action(async (file: string, flags: LabelFlags) => {
      try {
        await label(file, flags);
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

async function label(file: string, flags: LabelFlags): Promise<void> {
  const guess = await fieldOf(file, flags.field);
  process.stderr.write(`${guess.reason}\n`);
  const running = await startServer(readConfig(flags));
  try {
    const client = createClient(running.url, running.secret);
    const config = makeChoicesConfig({ labels: flags.labels, field: guess.field, multiple: flags.multiple ?? false });
    const project = await client.call('projectCreate', {
      body: { title: basename(file), label_config: renderLabelConfig(config) },
    });
    const { task_count: tasks } = await importFile(client, project.id, file, {}).catch(async (error: unknown) => {
      await client.call('projectDelete', { params: { project_id: project.id } });
      throw error;
    });
    const url = `${running.url}/projects/${project.id}`;
    process.stdout.write(
      wantsJson(flags)
        ? `${JSON.stringify({ url, project: project.id, tasks })}\n`
        : `${tasks} tasks are ready to label at ${url}\n`,
    );
    await watchUntil(stopSignal(), client, project.id);
  } finally {
    await running.close();
  }
}

async function fieldOf(file: string, wanted: string | undefined): Promise<{ field: string; reason: string }> {
  const rows = await sampleRows(file);
  if (wanted !== undefined) {
    if (rows.some((row) => Object.hasOwn(row, wanted))) return { field: wanted, reason: `The text is in "${wanted}".` };
    const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].join(', ');
    throw new AppError('INPUT_BAD_FIELD', `${basename(file)} has no column "${wanted}"; it has ${columns}.`);
  }
  const guess = guessTextField(rows);
  if (guess) return guess;
  throw new AppError('INPUT_BAD_FIELD', `No column of ${basename(file)} reads like text; name one with --field.`);
}

async function sampleRows(file: string): Promise<JsonObject[]> {
  const stream = createReadStream(file);
  const head: Buffer[] = [];
  for await (const chunk of createReadStream(file, { end: 4_095 })) head.push(chunk as Buffer);
  const format = sniffFormat(basename(file), Buffer.concat(head));
  if (format === null) throw new AppError('INPUT_BAD_FORMAT', `${basename(file)} is no text file.`);
  const rows: JsonObject[] = [];
  for await (const { task } of formatNamed(format, 'read').read(stream, { onBadRow: () => undefined })) {
    rows.push(task.data);
    if (rows.length === SAMPLE_ROWS) break;
  }
  stream.destroy();
  return rows;
}
