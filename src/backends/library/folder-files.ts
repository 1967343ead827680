/** Files of a folder that may belong to a model: found and weighed first, read only when somebody asks for one. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { readWhole } from '../file-hash.ts';

/** What may lie in a model's folder; everything else is not read, and kept only where a golden answer is about it. */
export const KNOWN = {
  model: /\.onnx$/i,
  labels: /(^|[_-])(labels|classes)\.txt$/i,
  tokenizer: /^tokenizer\.json$/,
  config: /^config\.json$/,
  preprocessing: /^preprocessor_config\.json$/,
  settings: /^headstart\.json$/,
  remote: /^remote\.json$/,
  tfjs: /^model\.json$/,
  shard: /^[\w-]*shard\d+of\d+(\.bin)?$|\.bin$/i,
} as const;

/** May a file of this name belong to a model? Names are plain: no path, no leading dot. */
export function isModelFile(name: string): boolean {
  return isPlainName(name) && Object.values(KNOWN).some((pattern) => pattern.test(name));
}

export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) && !name.includes('..');
}

export interface FolderFile {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** Plain files with plain names, by name. Throws LIMIT_SIZE when those of the model are more than a host could hold. */
export async function filesIn(folder: string, bytesMax: number = LIMITS.modelBytesMax): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  for (const name of (await readdir(folder)).sort()) {
    if (!isPlainName(name)) continue;
    const path = join(folder, name);
    const found = await lstat(path);
    // A link would be read here and checked elsewhere.
    if (!found.isFile()) continue;
    files.push({ name, path, bytes: found.size });
  }
  const parts = partsOf(files);
  for (const part of parts) await assertNoPointer(part);
  if (parts.reduce((sum, { bytes }) => sum + bytes, 0) > bytesMax) throw tooLarge(bytesMax);
  return files;
}

/** What is read of a folder that holds a model in several formats: weights of the others may be there or not. */
function partsOf(files: readonly FolderFile[]): readonly FolderFile[] {
  const remote = files.filter(({ name }) => KNOWN.remote.test(name));
  if (remote.length > 0) return remote;
  const others = files.some(({ name }) => KNOWN.tfjs.test(name)) ? KNOWN.model : KNOWN.shard;
  return files.filter(({ name }) => isModelFile(name) && !others.test(name));
}

/** What stands in place of a large file where a repository was cloned without them. */
const LFS_POINTER = 'version https://git-lfs.github.com/';
const POINTER_BYTES_MAX = 1_024;

async function assertNoPointer({ name, path, bytes }: FolderFile): Promise<void> {
  if (bytes > POINTER_BYTES_MAX) return;
  const text = Buffer.from(await readWhole(path)).toString('latin1');
  if (!text.startsWith(LFS_POINTER)) return;
  const remedy = 'fetch the file itself with `git lfs pull`';
  throw new AppError('BACKEND_LOAD', `'${name}' is only a pointer of Git LFS; ${remedy}.`, { details: { file: name } });
}

/** Throws LIMIT_SIZE for a file that is larger than its kind ever is. */
export function assertSize({ name, bytes }: FolderFile, bytesMax: number = bytesMaxOf(name)): void {
  if (bytes > bytesMax) throw fileTooLarge(name, bytesMax);
}

/** A file that is parsed here, where others wait for this thread and its memory. */
export async function settingsOf(file: FolderFile): Promise<Uint8Array<ArrayBuffer>> {
  assertSize(file, LIMITS.modelSettingsBytesMax);
  return readWhole(file.path);
}

export async function textOf(file: FolderFile): Promise<string> {
  // Some editors write a mark before the text.
  return Buffer.from(await settingsOf(file))
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

export function bytesMaxOf(name: string): number {
  return KNOWN.model.test(name) ? LIMITS.modelFileBytesMax : LIMITS.modelTextBytesMax;
}

/** The only file that fits, if any. Throws BACKEND_LOAD when there are several. */
export function only(files: readonly FolderFile[], pattern: RegExp, what: string): FolderFile | null {
  const fits = files.filter(({ name }) => pattern.test(name));
  if (fits.length > 1) {
    const names = fits.map(({ name }) => name).join(', ');
    throw new AppError(
      'BACKEND_LOAD',
      `There must be one file only that is ${what}; leave out all but one of ${names}.`,
    );
  }
  return fits[0] ?? null;
}

export function tooLarge(bytesMax: number): AppError {
  return new AppError('LIMIT_SIZE', `The files of a model are larger than ${bytesMax} bytes together.`, {
    details: { bytesMax },
  });
}

export function fileTooLarge(name: string, bytesMax: number): AppError {
  return new AppError('LIMIT_SIZE', `'${name}' is larger than ${bytesMax} bytes.`, { details: { bytesMax } });
}
