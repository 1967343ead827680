/**
 * Files that can be computed again: each has a stamp beside it that says what it was made from, and its checksum. What
 * does not fit is not read but made anew, and whoever asks is told why.
 */
import { closeSync, fsyncSync, openSync, readFileSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';

/** Why a file cannot be used: not there, its bytes are not those that were written, or made from something else. */
export type Unusable = 'absent' | 'damaged' | 'stale';

interface StampFile {
  readonly stamp: string;
  /** CRC-32: against damage, not against malice, and five times as fast as a cryptographic hash. */
  readonly crc32: number;
}

/** Stays in the processor's cache between reading and summing. */
const PIECE_BYTES = 256 << 10;

/** `write` makes the file at the path it is given. Readers see the old file, the new one, or none. */
export function writeStamped(path: string, stamp: string, write: (path: string) => void): void {
  const fresh = `${path}.new`;
  write(fresh);
  sync(fresh);
  const content: StampFile = { stamp, crc32: checksum(fresh) };
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
    return checksum(path) === found.crc32 ? undefined : 'damaged';
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
    const { stamp, crc32: sum } = JSON.parse(text) as StampFile;
    return typeof stamp === 'string' && typeof sum === 'number' ? { stamp, crc32: sum } : null;
  } catch {
    return null;
  }
}

function stampOf(path: string): string {
  return `${path}.stamp`;
}

/** In pieces: a buffer of the whole file costs more than reading it. */
function checksum(path: string): number {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  const file = openSync(path, 'r');
  try {
    let sum = 0;
    for (;;) {
      const read = readSync(file, piece);
      if (read === 0) return sum;
      sum = crc32(piece.subarray(0, read), sum);
    }
  } finally {
    closeSync(file);
  }
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}
