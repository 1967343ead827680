/** Checksums of model files, which may hold gigabytes: the thread that serves everybody gets its turn in between. */
import { createHash } from 'node:crypto';

/** Some milliseconds of hashing. */
const SLICE_BYTES = 4 << 20;

/** The sha-256 in hex. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    hash.update(bytes.subarray(at, at + SLICE_BYTES));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hash.digest('hex');
}
