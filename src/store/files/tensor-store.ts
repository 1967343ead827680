/** Tensor files in a folder: `<project>/<kind>@<version>/` with a manifest and the files of one tensor each. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { Tensor, TensorKey, TensorStore } from '../tensors.ts';
import { toFileError } from './errors.ts';
import { FileTensor } from './tensor.ts';

interface Manifest {
  readonly format: 1;
  readonly type: 'float32-le';
  readonly columns: number;
}

/** A tensor that somebody uses: all who open the same key share it. */
interface Shared {
  readonly opened: Promise<{ tensor: FileTensor; damagedRows: number }>;
  users: number;
}

export class FileTensorStore implements TensorStore {
  readonly #folder: string;
  readonly #shared = new Map<string, Shared>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(key: TensorKey, columns: number): Promise<{ tensor: Tensor; damagedRows: number }> {
    const folder = this.#folderOf(key);
    const known = this.#shared.get(folder);
    const shared = known ?? { opened: openTensor(folder, columns), users: 0 };
    shared.users++;
    this.#shared.set(folder, shared);
    try {
      const { tensor, damagedRows } = await shared.opened;
      checkColumns(folder, tensor.columns, columns);
      return { tensor: this.#handle(folder, shared, tensor), damagedRows: known ? 0 : damagedRows };
    } catch (error) {
      await this.#leave(folder, shared);
      throw toFileError(error);
    }
  }

  async delete(key: TensorKey): Promise<void> {
    await this.#closeUnder(this.#folderOf(key));
    await rm(this.#folderOf(key), { recursive: true, force: true });
  }

  async deleteProject(projectId: number): Promise<void> {
    const folder = join(this.#folder, String(projectId));
    await this.#closeUnder(folder);
    await rm(folder, { recursive: true, force: true });
  }

  /** Closes everything that is open. */
  async close(): Promise<void> {
    await this.#closeUnder(this.#folder);
  }

  /** `@` separates, because encoding leaves none inside the parts. */
  #folderOf({ projectId, kind, version }: TensorKey): string {
    return join(this.#folder, String(projectId), `${encodeURIComponent(kind)}@${encodeURIComponent(version)}`);
  }

  #handle(folder: string, shared: Shared, tensor: FileTensor): Tensor {
    let open = true;
    return {
      columns: tensor.columns,
      get rows() {
        return tensor.rows;
      },
      get filled() {
        return tensor.filled;
      },
      has: (ordinal) => tensor.has(ordinal),
      missing: (ordinals) => tensor.missing(ordinals),
      read: (from, count, into) => tensor.read(from, count, into),
      write: (ordinals, rows) => tensor.write(ordinals, rows),
      close: async () => {
        if (open) await this.#leave(folder, shared);
        open = false;
      },
    };
  }

  async #leave(folder: string, shared: Shared): Promise<void> {
    shared.users--;
    if (shared.users > 0 || this.#shared.get(folder) !== shared) return;
    this.#shared.delete(folder);
    await shared.opened.then(
      ({ tensor }) => tensor.close(),
      () => undefined,
    );
  }

  async #closeUnder(folder: string): Promise<void> {
    for (const [path, { opened }] of this.#shared) {
      if (path !== folder && !path.startsWith(join(folder, '/'))) continue;
      this.#shared.delete(path);
      await opened.then(
        ({ tensor }) => tensor.close(),
        () => undefined,
      );
    }
  }
}

async function openTensor(folder: string, columns: number): Promise<{ tensor: FileTensor; damagedRows: number }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const manifest = await readManifest(folder);
  if (manifest) checkColumns(folder, manifest.columns, columns);
  else await writeManifest(folder, { format: 1, type: 'float32-le', columns });
  return FileTensor.open(folder, columns);
}

function checkColumns(folder: string, found: number, asked: number): void {
  if (found === asked) return;
  throw new AppError('CONFLICT', `The tensor has ${found} columns, not ${asked}.`, {
    details: { folder, found, asked },
  });
}

function manifestFile(folder: string): string {
  return join(folder, 'manifest.json');
}

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const file = manifestFile(folder);
  if (!(await exists(file))) return undefined;
  try {
    const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
    if (manifest.format === 1 && manifest.columns > 0) return manifest;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new AppError('STORE_CORRUPT', 'The manifest of a tensor is damaged.', { details: { file } });
}

/** Written before any row; without it the folder holds nothing. */
async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const fresh = `${manifestFile(folder)}.new`;
  const file = await open(fresh, 'w', 0o600);
  await file.writeFile(`${JSON.stringify(manifest)}\n`);
  await file.sync();
  await file.close();
  await rename(fresh, manifestFile(folder));
  await syncPath(folder);
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}

async function exists(path: string): Promise<boolean> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  await handle?.close();
  return handle !== undefined;
}
