/**
 * Files that can be computed again: each has a stamp beside it that says what it was made from, and its checksum. What
 * does not fit is not read but made anew, and whoever asks is told why.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** Why a file cannot be used: not there, its bytes are not those that were written, or made from something else. */
export type Unusable = 'absent' | 'damaged' | 'stale';

interface StampFile {
  readonly stamp: string;
  readonly sha256: string;
}

/** `write` makes the file at the path it is given. Readers see the old file, the new one, or none. */
export function writeStamped(path: string, stamp: string, write: (path: string) => void): void {
  const fresh = `${path}.new`;
  write(fresh);
  sync(fresh);
  const content: StampFile = { stamp, sha256: checksum(fresh) };
  rmSync(stampOf(path), { force: true });
  renameSync(fresh, path);
  writeFileSync(`${stampOf(path)}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600, flush: true });
  renameSync(`${stampOf(path)}.new`, stampOf(path));
}

/** `accepts` looks at the stamp. Undefined when the file can be used. */
export function whyUnusable(path: string, accepts: (stamp: string) => boolean): Unusable | undefined {
  const found = readStamp(path);
  if (found === undefined) return 'absent';
  if (found === null) return 'damaged';
  if (!accepts(found.stamp)) return 'stale';
  try {
    return checksum(path) === found.sha256 ? undefined : 'damaged';
  } catch {
    return 'damaged';
  }
}

/** Undefined without a stamp, null when the stamp itself cannot be read. */
function readStamp(path: string): StampFile | undefined | null {
  let text: string;
  try {
    text = readFileSync(stampOf(path), 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { stamp, sha256 } = JSON.parse(text) as StampFile;
    return typeof stamp === 'string' && typeof sha256 === 'string' ? { stamp, sha256 } : null;
  } catch {
    return null;
  }
}

function stampOf(path: string): string {
  return `${path}.stamp`;
}

function checksum(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
