/** Uploaded media: one folder per project, one file per upload, called by an id of ours. What it is, its bytes say. */
import { createWriteStream } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskError } from '../core/disk-error.ts';
import { AppError } from '../core/errors.ts';
import { type OpenFile, openBelow } from './paths.ts';

const ID = /^[0-9a-f]{32}$/;
const PART = '.part';

export interface Uploads {
  /** Keeps the stream under this id; throws INPUT_EMPTY, STORE_FULL. */
  write(projectId: number, id: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** Throws NOT_FOUND, also for what is no id. */
  open(projectId: number, id: string): Promise<OpenFile>;
  remove(projectId: number, id: string): Promise<void>;
  copyProject(from: number, to: number): Promise<void>;
  removeProject(projectId: number): Promise<void>;
}

export function openUploads(root: string): Uploads {
  const folderOf = (projectId: number): string => join(root, String(projectId));
  const fileOf = (projectId: number, id: string): string => {
    if (!ID.test(id)) throw new AppError('NOT_FOUND', 'There is no such media file.', { details: { what: 'media' } });
    return join(folderOf(projectId), id);
  };
  let cleaned: Promise<void> | null = null;
  return {
    async write(projectId, id, body) {
      cleaned ??= removeHalves(root);
      await cleaned;
      const file = fileOf(projectId, id);
      await mkdir(folderOf(projectId), { recursive: true, mode: 0o700 });
      let bytes = 0;
      const counted = async function* () {
        for await (const chunk of body) {
          bytes += chunk.byteLength;
          yield chunk;
        }
      };
      try {
        const source = Readable.from(counted(), { objectMode: false });
        await pipeline(source, createWriteStream(file + PART, { mode: 0o600, flush: true }));
        if (bytes === 0) throw new AppError('INPUT_EMPTY', 'The file is empty.');
        await rename(file + PART, file);
      } catch (error) {
        await rm(file + PART, { force: true });
        throw diskError(error);
      }
    },

    async open(projectId, id) {
      fileOf(projectId, id);
      return openBelow(folderOf(projectId), id);
    },

    remove: (projectId, id) => rm(fileOf(projectId, id), { force: true }),

    async copyProject(from, to) {
      for (const id of await filesIn(folderOf(from))) {
        if (!ID.test(id)) continue;
        await mkdir(folderOf(to), { recursive: true, mode: 0o700 });
        // Uploads never change, so that two names for one file are as good as two files, where there are links.
        await link(fileOf(from, id), fileOf(to, id)).catch(() => copyFile(fileOf(from, id), fileOf(to, id)));
      }
    },

    removeProject: (projectId) => rm(folderOf(projectId), { recursive: true, force: true }),
  };
}

/** What a crash cut off, in this data folder that only this process holds. */
async function removeHalves(root: string): Promise<void> {
  for (const project of await filesIn(root)) {
    const halves = (await filesIn(join(root, project))).filter((name) => name.endsWith(PART));
    for (const name of halves) await rm(join(root, project, name), { force: true });
  }
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
