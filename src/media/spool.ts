/** Files on their way in: an upload is kept on disk until its import is done, so that a crash cannot lose half of it. */
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskError } from '../core/disk-error.ts';
import { AppError } from '../core/errors.ts';

export interface Spool {
  /** Stores the stream under this id. Throws STORE_FULL when the disk is full, INPUT_EMPTY when nothing came. */
  write(id: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  read(id: string): AsyncIterable<Uint8Array>;
  has(id: string): Promise<boolean>;
  delete(id: string): Promise<void>;
  /** Ids of all that are kept. */
  list(): Promise<string[]>;
}

const SAFE_ID = /^[0-9a-z-]+$/;

export function openSpool(folder: string): Spool {
  const fileOf = (id: string): string => {
    if (!SAFE_ID.test(id)) throw new AppError('MEDIA_FORBIDDEN', 'Not the id of a spooled file.');
    return join(folder, id);
  };
  return {
    async write(id, body) {
      const file = fileOf(id);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      let bytes = 0;
      const counted = async function* () {
        for await (const chunk of body) {
          bytes += chunk.byteLength;
          yield chunk;
        }
      };
      try {
        await pipeline(
          Readable.from(counted(), { objectMode: false }),
          createWriteStream(file, { mode: 0o600, flush: true }),
        );
      } catch (error) {
        await rm(file, { force: true });
        throw diskError(error);
      }
      if (bytes === 0) {
        await rm(file, { force: true });
        throw new AppError('INPUT_EMPTY', 'The file is empty; there is nothing to import.');
      }
    },
    read: (id) => createReadStream(fileOf(id)),
    has: (id) =>
      access(fileOf(id)).then(
        () => true,
        () => false,
      ),
    delete: (id) => rm(fileOf(id), { force: true }),
    list: async () => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return (await readdir(folder)).filter((name) => SAFE_ID.test(name));
    },
  };
}
