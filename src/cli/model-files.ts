/** Files of a model on the way to the server: a multipart body out of files that stay on disk. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, realpath } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError } from '../core/errors.ts';

/** Files given, and those of folders given: plain files only, hidden ones and links are left out. */
export async function modelFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const place = await realpath(path).catch(() => {
      throw new AppError('NOT_FOUND', `There is no file or folder '${path}'.`);
    });
    if (!(await lstat(place)).isDirectory()) files.push(place);
    else
      for (const name of (await readdir(place)).sort()) {
        const file = join(place, name);
        if (/^[A-Za-z0-9]/.test(name) && !LEFT_OUT.test(name) && (await lstat(file)).isFile()) files.push(file);
      }
  }
  return files;
}

/** Prose and code beside a model. */
const LEFT_OUT = /\.(md|py|ipynb|lock)$/i;

/** The name of a folder is a good name for what lies in it. */
export async function nameOfFolder(paths: readonly string[]): Promise<string | undefined> {
  const [only, ...others] = paths;
  if (only === undefined || others.length > 0 || !(await lstat(resolve(only))).isDirectory()) return undefined;
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
