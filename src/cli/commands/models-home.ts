/** `headstart models export|predict`: a trained model as a folder of its own, and asking one without a server. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { AppError } from '../../core/errors.ts';
import { unzipFiles } from '../../formats/index.ts';
import { positive, withCommon } from '../flags.ts';
import { createOutput, reportError } from '../output.ts';
import { type CommonFlags, wantsJson, withSession } from '../session.ts';

export function addHome(models: Command): void {
  withCommon(models.command('export'))
    .description('write the trained model of a project as a folder that `models predict` asks without a server')
    .argument('<project>', 'id of the project', positive)
    .option('-o, --output <folder>', 'folder to write (default: model-PROJECT)')
    .action((projectId: number, { output, ...flags }: CommonFlags & { output?: string }) =>
      withSession(flags, async ({ client, out }) => {
        const body = await client.download('modelExport', { params: { project_id: projectId } });
        const folder = output ?? `model-${projectId}`;
        const rows: { file: string; bytes: number }[] = [];
        for (const { path, bytes } of await unzipFiles(body)) {
          const file = join(folder, path);
          await mkdir(dirname(file), { recursive: true });
          const parts: Uint8Array[] = [];
          for await (const part of bytes) parts.push(part);
          const whole = Buffer.concat(parts);
          await writeFile(file, whole);
          rows.push({ file, bytes: whole.length });
        }
        out.rows(rows);
      }),
    );
  models
    .command('predict')
    .description('ask an exported model: texts, or files of pictures and sounds; no server is needed')
    .argument('<folder>', 'what `models export` wrote')
    .argument('[inputs...]', 'texts or files; `-` reads one a line from standard input')
    .option('--json', 'JSON lines instead of a table (the default into a pipe)')
    .action(async (folder: string, inputs: string[], flags: { json?: boolean }) => {
      const json = wantsJson(flags);
      try {
        const given = inputs.length === 1 && inputs[0] === '-' ? await linesOfInput() : inputs;
        if (given.length === 0) throw new AppError('INPUT_EMPTY', 'Give a text or a file to ask about.');
        const { predictFolder } = await import('../../predict-folder.ts');
        createOutput(json).rows((await predictFolder(folder, given)).map((one) => ({ ...one })));
      } catch (error) {
        reportError(error, json);
      }
    });
}

async function linesOfInput(): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: process.stdin })) lines.push(line);
  return lines;
}
