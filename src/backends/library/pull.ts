/** Models from addresses: what lies under one is remembered by its hash, and must be the same the next time. */
import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import { download, type ModelFetch } from './download.ts';
import { isPlainName } from './folder.ts';
import { bytesMaxOf } from './intake.ts';
import type { PullProgress, PullRequest } from './library.ts';

/** Such folders outlive a crash, so that a pull goes on where it was. */
const PULL = 'pull-';
const HASH_CHARS = 24;

export function pullFolder(source: string): string {
  return PULL + hashOf(source).slice(0, HASH_CHARS);
}

export function isPullFolder(name: string): boolean {
  return name.startsWith(PULL);
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
  for (const [index, url] of [source, ...beside].entries()) {
    const name = fileNameOf(url);
    const hash = await download(url, join(folder, name), {
      fetch,
      bytesMax: bytesMaxOf(name),
      timeoutMs: LIMITS.modelPullMs,
      signal,
      onProgress: (done, total) => progress({ stage: `fetching ${name}`, done, total: Math.max(total, done) }),
    });
    const expected = index === 0 && sha256 ? sha256.toLowerCase() : pins[hashOf(url)];
    if (expected !== undefined && expected !== hash) {
      await rm(folder, { recursive: true, force: true });
      throw new AppError('BACKEND_UNVERIFIED', `${shownAddress(url)} gave another file than expected.`, {
        details: { expected, found: hash },
      });
    }
    found[hashOf(url)] = hash;
  }
  return found;
}

/** Paths and queries of addresses carry keys: host and file name only. */
export function shownAddress(url: string): string {
  if (!URL.canParse(url)) return 'The address';
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}/…/${fileNameOf(url)}`;
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
