/** `headstart models list|add|pull|serve|remove|verify|bench|history`: models of this installation. */
import type { Command } from 'commander';
import type { Reply } from '../../server/contract/index.ts';
import { withCommon } from '../flags.ts';
import { formOf, modelFiles, nameOfFolder } from '../model-files.ts';
import type { Row } from '../output.ts';
import { watchJob } from '../progress.ts';
import { type CommonFlags, withSession } from '../session.ts';

interface AddFlags extends CommonFlags {
  readonly name?: string;
  readonly license?: string;
  readonly shadow?: boolean;
}

interface PullFlags extends AddFlags {
  readonly beside?: string[];
  readonly sha256?: string;
}

export function addLibrary(models: Command): void {
  withAdding(models.command('add'))
    .description('add the model in a folder: model.onnx with labels.txt or tokenizer.json; tried before it serves')
    .argument('<paths...>', 'a folder, or the files of the model')
    .action((paths: string[], { name, license, shadow, ...flags }: AddFlags) =>
      withSession(flags, async ({ client, out }) => {
        const form = formOf(await modelFiles(paths));
        const query = defined({ name: name ?? (await nameOfFolder(paths)), license, shadow });
        out.record(shown(await client.upload('libraryAdd', { query }, form.body, form.contentType)));
      }),
    );
  withAdding(models.command('pull'))
    .description(
      'fetch a model from an address or an installed npm package (npm:name/folder); goes on where it was cut off',
    )
    .argument('<source>', 'address of the .onnx file, or npm:package/folder')
    .option('--beside <address...>', 'further files: labels.txt, tokenizer.json')
    .option('--sha256 <hex>', 'what the model file must be; else the first pull of an address decides')
    .action((source: string, { name, license, shadow, beside, sha256, ...flags }: PullFlags) =>
      withSession(flags, async ({ client, out }) => {
        const job = await client.call('libraryPull', {
          body: { source, ...defined({ name, license, shadow, beside, sha256 }) },
        });
        out.record((await watchJob(client, job.id)).output as Row);
      }),
    );
  withCommon(models.command('serve'))
    .description('let a version answer by its name, once it has loaded and answered right')
    .argument('<model>', 'name@version')
    .action((model: string, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.record(shown(await client.call('libraryServe', { body: { model } }))),
      ),
    );
  withCommon(models.command('remove'))
    .description('forget a version and its files')
    .argument('<model>', 'name@version')
    .action((model: string, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        await client.call('libraryRemove', { body: { model } });
        out.note(`${model} is gone.`);
      }),
    );
  withCommon(models.command('verify'))
    .description('read every file again and compare its checksum')
    .argument('[model]', 'name or name@version (default: all)')
    .action((model: string | undefined, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => {
        const files = await client.call('libraryVerify', { body: defined({ model }) });
        out.rows(files);
        if (files.some(({ ok }) => !ok)) process.exitCode = 69;
      }),
    );
  withCommon(models.command('bench'))
    .description('how fast a model is here: a process of its own, two seconds, made-up input')
    .argument('<model>', 'name or name@version')
    .action((model: string, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) => out.record(await client.call('libraryBench', { body: { model } }))),
    );
  withCommon(models.command('history'))
    .description('what happened to models, oldest first')
    .argument('[name]', 'one model only')
    .action((name: string | undefined, flags: CommonFlags) =>
      withSession(flags, async ({ client, out }) =>
        out.rows(await client.call('libraryHistory', { query: defined({ name }) })),
      ),
    );
}

function withAdding(command: Command): Command {
  return withCommon(command)
    .option('--name <name>', 'what to call it (default: the name of the folder or file)')
    .option('--license <text>', 'license of the weights')
    .option('--shadow', 'keep it beside the serving version and compare, without taking over');
}

/** What a table shows of a model. */
export function shown({
  id,
  kind,
  input,
  license,
  classes,
  dim,
  serving,
  shadow,
  origin,
  assumed,
}: Reply<'libraryServe'>): Row {
  return { id, kind, input, classes, dim, license, serving, shadow, origin, assumed: assumed.join('; ') };
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
