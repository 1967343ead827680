/** Files of a model on the way to the server: a multipart body out of files that stay on disk. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';

/** Files given, and those of folders given: plain files only, hidden ones are left out. Throws INPUT_BAD_FIELD for links. */
export async function modelFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const place = await realpath(path).catch(() => {
      throw new AppError('NOT_FOUND', `There is no file or folder '${path}'.`);
    });
    if ((await lstat(place)).isDirectory()) files.push(...(await filesIn(place)));
    else files.push(place);
  }
  return files;
}

async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (!/^[A-Za-z0-9]/.test(name) || LEFT_OUT.test(name)) continue;
    const file = join(folder, name);
    const found = await lstat(file);
    if (found.isFile()) files.push(file);
    if (!found.isSymbolicLink() || (await isDirectory(file))) continue;
    // It may lead to what nobody meant to send.
    const remedy = 'links are not followed; make a copy with `cp -rL` and add that';
    throw new AppError('INPUT_BAD_FIELD', `'${file}' is a link, and ${remedy}.`);
  }
  return files;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Prose and code beside a model, and the same weights for other engines: gigabytes that nobody here reads. */
const LEFT_OUT =
  /\.(md|py|ipynb|lock|safetensors|pt|pth|ckpt|h5|msgpack|tflite|gguf)$|^(pytorch_model|training_args)\b.*\.bin$/i;

/** The name of a folder is a good name for what lies in it. */
export async function nameOfFolder(paths: readonly string[]): Promise<string | undefined> {
  const [only, ...others] = paths;
  if (only === undefined || others.length > 0 || !(await isDirectory(only))) return undefined;
  const name = basename(resolve(only))
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return name === '' ? undefined : name;
}

export interface FormBody {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

export function formOf(files: readonly string[]): FormBody {
  const boundary = `headstart-${randomBytes(16).toString('hex')}`;
  const body = (async function* (): AsyncGenerator<Uint8Array> {
    for (const file of files) {
      const name = basename(file).replace(/["\r\n]/g, '_');
      const head = `--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n`;
      yield Buffer.from(`${head}content-type: application/octet-stream\r\n\r\n`);
      yield* createReadStream(file);
      yield Buffer.from('\r\n');
    }
    yield Buffer.from(`--${boundary}--\r\n`);
  })();
  return { contentType: `multipart/form-data; boundary=${boundary}`, body };
}
