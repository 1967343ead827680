/** Files below a folder, opened so that no spelling of a path and no link leads out of it. */
import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AppError } from '../core/errors.ts';

/** A regular file below a folder, open for reading. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly size: number;
  readonly modifiedMs: number;
}

/** Longer than any path a file system takes. */
const PATH_CHARS_MAX = 4_096;

/**
 * Opens `path` below `root`. Throws MEDIA_FORBIDDEN for a path that is not plainly relative, NOT_FOUND for one that names
 * no regular file inside, whether nothing is there or a link leads out: a stranger learns nothing of what is outside.
 */
export async function openBelow(root: string, path: string): Promise<OpenFile> {
  if (!isPlainPath(path)) throw new AppError('MEDIA_FORBIDDEN', 'The path must be relative, without `..`.');
  let handle: FileHandle | null = null;
  try {
    const folder = await realpath(root);
    const file = await realpath(join(folder, path));
    if (!file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw notThere();
    // A named pipe would wait for a writer for ever.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const opened = await handle.stat();
    if (!opened.isFile()) throw notThere();
    // What was opened is what was checked, also if a folder on the way was swapped for a link in between.
    const now = await realpath(file);
    const there = await stat(now);
    if (now !== file || there.ino !== opened.ino || there.dev !== opened.dev) throw notThere();
    return { handle, size: opened.size, modifiedMs: opened.mtimeMs };
  } catch (error) {
    await handle?.close();
    throw error instanceof AppError ? error : notThere(error);
  }
}

/** Relative in the terms of every system: no root, drive, share or (on Windows) stream; no `.` or `..`; no NUL. */
export function isPlainPath(path: string): boolean {
  if (path === '' || path.length > PATH_CHARS_MAX || path.includes('\0')) return false;
  if (path.includes('\\') || (process.platform === 'win32' ? /:/ : /^[a-z]:/i).test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** A file name made safe for paths, addresses and headers; empty when nothing of it is. */
export function plainName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? '';
  const stem = last.replace(/\.[A-Za-z0-9]{1,5}$/, '');
  return stem
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}_-]+/gu, '_')
    .replace(/^[_-]+|[_-]+$/g, '')
    .slice(0, NAME_CHARS_MAX);
}

/** Three bytes a character at most, and file systems take 255. */
const NAME_CHARS_MAX = 60;

function notThere(cause?: unknown): AppError {
  return new AppError('NOT_FOUND', 'There is no such media file.', { details: { what: 'media' }, cause });
}
