/** `headstart label mails.csv --labels spam,ham`: from a file to a labeling queue, without a config. */
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { formatNamed, guessTextField, sniffFormat } from '../../formats/index.ts';
import { makeChoicesConfig, renderLabelConfig } from '../../labelconfig/index.ts';
import { runningServer, startServer } from '../../local-server.ts';
import { type Client, createClient } from '../client.ts';
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
  const config = readConfig(flags);
  const running = runningServer(config.folder);
  if (running?.address) {
    // Somebody serves the folder already: the project joins the others there.
    await makeProject(createClient(running.address, running.secret), file, guess.field, flags);
    return;
  }
  const own = await startServer(config);
  try {
    const client = createClient(own.url, own.secret);
    const projectId = await makeProject(client, file, guess.field, flags);
    await watchUntil(stopSignal(), client, projectId);
  } finally {
    await own.close();
  }
}

/** Project, import, and the address to label at; without the import there is no project either. */
async function makeProject(client: Client, file: string, field: string, flags: LabelFlags): Promise<number> {
  const config = makeChoicesConfig({ labels: flags.labels, field, multiple: flags.multiple ?? false });
  const body = { title: basename(file), label_config: renderLabelConfig(config) };
  const { id } = await client.call('projectCreate', { body });
  const imported = await importFile(client, id, file, {}).catch(async (error: unknown) => {
    await client.call('projectDelete', { params: { project_id: id } });
    throw error;
  });
  const [url, tasks] = [`${client.url}/projects/${id}`, imported.task_count];
  const line = wantsJson(flags)
    ? JSON.stringify({ url, project: id, tasks })
    : `${tasks} tasks are ready to label at ${url}`;
  process.stdout.write(`${line}\n`);
  return id;
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
