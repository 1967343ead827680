/** Files on their way into the library: streamed into a folder of their own, within limits, under plain names only. */
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { packageFolder } from '../registry.ts';
import { bytesMaxOf, fileTooLarge, isModelFile, isPlainName, tooLarge } from './folder-files.ts';
import type { NewModelFile } from './library.ts';

const NAME_SHOWN = 200;

/** Throws INPUT_BAD_FIELD for a name, LIMIT_SIZE when a file, or all of them together, are too large. */
export async function takeIn(
  folder: string,
  files: AsyncIterable<NewModelFile>,
  bytesMax: number = LIMITS.modelBytesMax,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const seen = new Set<string>();
  let left = bytesMax;
  for await (const { name, body } of files) {
    if (!isPlainName(name)) {
      const shown = JSON.stringify(name.slice(0, NAME_SHOWN));
      throw new AppError(
        'INPUT_BAD_FIELD',
        `Rename ${shown}: a file of a model has letters, digits, \`.\`, \`-\` and \`_\` in its name.`,
        {
          details: { file: name.slice(0, NAME_SHOWN) },
        },
      );
    }
    if (seen.has(name)) throw new AppError('INPUT_BAD_FIELD', `The file '${name}' came twice.`);
    if (seen.size === LIMITS.modelFilesMax) throw tooMany();
    seen.add(name);
    const own = bytesMaxOf(name);
    const bounded = atMost(body, Math.min(own, left), () =>
      own <= left ? fileTooLarge(name, own) : tooLarge(bytesMax),
    );
    const target = createWriteStream(join(folder, name), { flags: 'wx', mode: 0o600, flush: true });
    // `wx`: a link that somebody put there is not followed.
    await pipeline(Readable.from(bounded, { objectMode: false }), target);
    left -= target.bytesWritten;
  }
}

async function* atMost(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
  error: () => AppError,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw error();
    yield chunk;
  }
}

/** `npm:@scope/package/folder` or `.../folder/model.onnx`: files of an installed package. Links out of it are not followed. */
export async function* packageFiles(source: string): AsyncGenerator<NewModelFile> {
  const spec = /^npm:((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:\/(.*))?$/.exec(source);
  if (!spec)
    throw new AppError('INPUT_BAD_FIELD', 'A package is written `npm:name/folder` or `npm:name/folder/model.onnx`.');
  const [, name, inner = ''] = spec;
  const root = await realpath(packageFolder(name!, { package: name!, version: 'latest' }));
  const path = await realpath(join(root, inner)).catch(() => null);
  if (path === null || (path !== root && !path.startsWith(root + sep))) {
    throw new AppError('NOT_FOUND', `Package ${name} has no '${inner}'.`);
  }
  const isFile = (await lstat(path)).isFile();
  const folder = isFile ? dirname(path) : path;
  for (const file of isFile ? [basename(path)] : (await readdir(folder)).filter(isModelFile)) {
    if (!(await lstat(join(folder, file))).isFile()) continue;
    yield { name: file, body: createReadStream(join(folder, file)) };
  }
}

export function tooMany(): AppError {
  const most = LIMITS.modelFilesMax;
  return new AppError('LIMIT_SIZE', `A model has at most ${most} files.`, { details: { most } });
}
