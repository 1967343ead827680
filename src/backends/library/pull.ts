/** Models from addresses: what lies under one is remembered by its hash, and must be the same the next time. */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, toAppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { shownAddress } from '../../core/shown-address.ts';
import { download, isPassing, type ModelFetch } from './download.ts';
import { bytesMaxOf, isPlainName } from './folder-files.ts';
import type { PullProgress, PullRequest } from './library.ts';

/** Such folders outlive a crash, so that a pull goes on where it was. */
const PULL = 'pull-';
/** Whoever cancelled a pull, or lost the connection, comes back within so long, or not at all. */
const PULL_KEPT_MS = 7 * 86_400_000;
const HASH_CHARS = 24;

/** One folder for the same addresses: the same model with other files beside it is another pull. */
export function pullFolder({ source, beside = [] }: PullRequest): string {
  return PULL + hashOf([source, ...beside].join('\n')).slice(0, HASH_CHARS);
}

/** Clears away what adds and pulls have left, save pulls that may still go on. */
export async function clearIncoming(incoming: string, now: number): Promise<void> {
  for (const name of await readdir(incoming).catch(() => [])) {
    const folder = join(incoming, name);
    const { mtimeMs } = await lstat(folder);
    if (!name.startsWith(PULL) || now - mtimeMs > PULL_KEPT_MS) await rm(folder, { recursive: true, force: true });
  }
}

/** Stopped, or cut off on the way: a later try goes on where this one was. Whatever else went wrong will do so again. */
export function mayGoOn(error: unknown): boolean {
  return toAppError(error).code === 'CONFLICT_CANCELLED' || isPassing(error);
}

interface PullOptions {
  readonly fetch: ModelFetch;
  /** sha-256 of an address -> sha-256 of what it gave first. */
  readonly pins: Readonly<Record<string, string>>;
  readonly progress: PullProgress;
  readonly signal: AbortSignal;
}

/** Fills the folder; returns the pins of these addresses. Throws BACKEND_UNVERIFIED for another file than expected. */
export async function fetchFiles(
  folder: string,
  { source, beside = [], sha256 }: PullRequest,
  { fetch, pins, progress, signal }: PullOptions,
): Promise<Record<string, string>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found: Record<string, string> = {};
  const names = fileNames([source, ...beside]);
  let left: number = LIMITS.modelBytesMax;
  for (const [index, url] of [source, ...beside].entries()) {
    const name = names[index]!;
    const file = join(folder, name);
    const hash = await download(url, file, {
      fetch,
      bytesMax: Math.min(bytesMaxOf(name), left),
      timeoutMs: LIMITS.modelPullMs,
      signal,
      onProgress: (done, total) => progress({ stage: `fetching ${name}`, done, total: Math.max(total, done) }),
    });
    left -= (await stat(file)).size;
    const expected = index === 0 && sha256 ? sha256.toLowerCase() : pins[hashOf(url)];
    if (expected !== undefined && expected !== hash) {
      const remedy = 'where that is the right one, `--sha256` (of the model file) says so';
      throw new AppError(
        'BACKEND_UNVERIFIED',
        `${shownAddress(url)} gave another file than expected, of sha-256 ${hash}; ${remedy}.`,
        {
          details: { expected, found: hash },
        },
      );
    }
    found[hashOf(url)] = hash;
  }
  return found;
}

const SHOWN = 200;

/** Throws INPUT_BAD_FIELD where one file would take the place of another. */
function fileNames(urls: readonly string[]): string[] {
  const wrong = urls.find((url) => !URL.canParse(url));
  if (wrong !== undefined) {
    throw new AppError(
      'INPUT_BAD_FIELD',
      `'${wrong.split('?', 1)[0]!.slice(0, SHOWN)}' is neither an address nor \`npm:package/folder\`.`,
      {
        details: { field: 'source' },
      },
    );
  }
  const names = urls.map(fileNameOf);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  throw new AppError(
    'INPUT_BAD_FIELD',
    `Two addresses give the file '${twice}'; give each with a file name at its end.`,
    {
      details: { field: 'beside' },
    },
  );
}

/** The last part of the path; `model.onnx` where that is no name for a file. */
function fileNameOf(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : '';
  const last = path.split('/').at(-1) ?? '';
  return isPlainName(last) ? last : 'model.onnx';
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
