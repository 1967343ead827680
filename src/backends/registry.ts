/** The models this installation knows: reads the manifest, finds the files, checks every byte before it is used. */
import { existsSync, readFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import { readWhole, sha256Of, sha256OfFile } from './file-hash.ts';
import type { ModelEntry, ModelSource } from './manifest.ts';

const MANIFEST_FILE = fileURLToPath(new URL('../../models/manifest.json', import.meta.url));

/** Checked bytes by the names of the manifest. */
export type ModelFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

/** Entries of the manifest that ships with the package. */
export function builtinModels(file: string = MANIFEST_FILE): readonly ModelEntry[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { models: ModelEntry[] }).models;
}

/** The folder that holds a model's files, '' for built-in ones. Throws BACKEND_LOAD when its package is not installed. */
export function modelFolder(entry: ModelEntry): string {
  const { source } = entry;
  if (source.type === 'builtin') return '';
  if (source.type === 'folder') return resolve(source.path);
  return join(packageFolder(entry.name, source), source.folder);
}

/**
 * Reads the named files and compares their sha-256. What is returned is what was hashed: nothing is read twice.
 * Throws BACKEND_UNVERIFIED when a byte differs or a name or link leads out of the folder, BACKEND_LOAD when a file is missing.
 */
export async function readVerified(entry: ModelEntry, folder: string): Promise<ModelFiles> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, expected] of Object.entries(entry.files)) {
    const bytes = await inside(entry, folder, name, readWhole);
    assertHash(entry, name, expected, await sha256Of(bytes));
    files.set(name, bytes);
  }
  return files;
}

/** The same check without keeping a byte. */
export async function checkFile(entry: ModelEntry, folder: string, name: string): Promise<void> {
  assertHash(entry, name, entry.files[name]!, await inside(entry, folder, name, sha256OfFile));
}

function assertHash({ name: model, source }: ModelEntry, file: string, expected: string, found: string): void {
  if (found === expected) return;
  throw new AppError('BACKEND_UNVERIFIED', `File '${file}' of model '${model}' was changed; ${remedyOf(source)}.`, {
    details: { model, file, expected, found },
  });
}

function remedyOf(source: ModelSource): string {
  return source.type === 'folder' ? 'add the model again' : 'reinstall its package';
}

/** Lets `read` have a file of the folder, once it is sure to lie there. */
async function inside<T>(
  { name: model, source }: ModelEntry,
  folder: string,
  name: string,
  read: (file: string) => Promise<T>,
): Promise<T> {
  try {
    const root = await realpath(folder);
    const file = await realpath(join(root, name));
    const way = relative(root, file);
    if (way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way) {
      throw new AppError('BACKEND_UNVERIFIED', `File '${name}' of model '${model}' lies outside of its folder.`, {
        details: { model, file: name },
      });
    }
    return await read(file);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(
      'BACKEND_LOAD',
      `File '${name}' of model '${model}' is missing or cannot be read; ${remedyOf(source)}.`,
      {
        details: { model, file: name },
        cause: error,
      },
    );
  }
}

/** Looks along the module path by hand: packages of weights need not export their files. */
export function packageFolder(
  model: string,
  source: Pick<Extract<ModelSource, { type: 'npm' }>, 'package' | 'version'>,
): string {
  const require = createRequire(import.meta.url);
  for (const modules of require.resolve.paths(source.package) ?? []) {
    const folder = join(modules, source.package);
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  const spec = `${source.package}@${source.version}`;
  throw new AppError(
    'BACKEND_LOAD',
    `Model '${model}' needs the npm package ${spec}; \`npm install ${spec}\` brings it.`,
    {
      details: { model, package: source.package, version: source.version },
    },
  );
}
