/**
 * The data folder: one server process at a time, files for its owner only, a version that older programs respect.
 *
 *     folder.json    what the folder is and which schema it has
 *     lock           held by the running server; the operating system frees it when that process dies
 *     server.json    who holds it and where it listens, with the secret that local commands show
 *     store.sqlite   metadata          tensors/   embeddings and probabilities
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { toFileError } from './files/errors.ts';
import { SCHEMA_VERSION } from './sqlite/migrations/index.ts';
import { lockFile } from './sqlite/open.ts';

/** What the running server tells local commands about itself. */
export interface ServerInfo {
  readonly pid: number;
  /** Where it listens, `http://127.0.0.1:8080`; null until it does. */
  readonly address: string | null;
  /** Random for each start. Only the owner of the folder can read it. */
  readonly secret: string;
}

export interface Folder {
  readonly database: string;
  readonly tensors: string;
  /** The secret of this start. */
  readonly secret: string;
  /** Writes the address into server.json, for the commands that look for it. */
  announce(address: string): void;
  release(): void;
}

/**
 * Locks the folder, creating it where it is missing. Throws STORE_NEWER or STORE_BUSY and has then changed nothing;
 * CONFIG_BAD_VALUE for a folder that cannot be used.
 */
export function openFolder(folder: string): Folder {
  try {
    refuseNewer(folder);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const unlock = lock(folder);
    try {
      return prepare(folder, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  } catch (error) {
    throw toFileError(error);
  }
}

function prepare(folder: string, unlock: () => void): Folder {
  chmodSync(folder, 0o700);
  // Before any migration: from now on the folder is one of this version.
  if (refuseNewer(folder) !== SCHEMA_VERSION) {
    writePrivate(versionFile(folder), { application: 'headstart', schema: SCHEMA_VERSION });
  }
  const secret = randomBytes(32).toString('hex');
  const announce = (address: string | null): void =>
    writePrivate(serverFile(folder), { pid: process.pid, address, secret } satisfies ServerInfo);
  announce(null);
  return {
    database: join(folder, 'store.sqlite'),
    tensors: join(folder, 'tensors'),
    secret,
    announce,
    release: () => {
      rmSync(serverFile(folder), { force: true });
      unlock();
    },
  };
}

/**
 * The server that holds the folder, or undefined when none does. A server.json left behind by a killed process does
 * not count: only the lock does.
 */
export function runningServer(folder: string): ServerInfo | undefined {
  if (!existsSync(join(folder, 'lock'))) return undefined;
  try {
    lockFile(join(folder, 'lock'))();
    return undefined;
  } catch (error) {
    if (error instanceof AppError && error.code === 'STORE_BUSY') return readJson<ServerInfo>(serverFile(folder));
    throw error;
  }
}

function lock(folder: string): () => void {
  try {
    return lockFile(join(folder, 'lock'));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'STORE_BUSY') throw error;
    const { pid, address } = readJson<ServerInfo>(serverFile(folder)) ?? { pid: null, address: null };
    const where = address === null ? '' : ` at ${address}`;
    throw new AppError('STORE_BUSY', `The data folder is in use by process ${pid ?? '(starting)'}${where}.`, {
      details: { folder, pid, address },
      cause: error,
    });
  }
}

/** The schema that the folder has; undefined for a new one. Only reads, so that a refused folder stays untouched. */
function refuseNewer(folder: string): number | undefined {
  const file = versionFile(folder);
  if (!existsSync(file)) return undefined;
  const found = readJson<{ schema: number }>(file)?.schema;
  if (typeof found !== 'number') {
    throw new AppError('STORE_CORRUPT', 'folder.json in the data folder is damaged.', { details: { file } });
  }
  if (found > SCHEMA_VERSION) {
    const message = `The data folder has schema ${found}; this version knows ${SCHEMA_VERSION}. Upgrade to open it.`;
    throw new AppError('STORE_NEWER', message, { details: { folder, found, known: SCHEMA_VERSION } });
  }
  return found;
}

function versionFile(folder: string): string {
  return join(folder, 'folder.json');
}

function serverFile(folder: string): string {
  return join(folder, 'server.json');
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Whole or not at all: readers never see half a file. */
function writePrivate(file: string, value: unknown): void {
  const fresh = `${file}.${process.pid}.new`;
  writeFileSync(fresh, `${JSON.stringify(value)}\n`, { mode: 0o600, flush: true });
  renameSync(fresh, file);
}
