/** Checksums of model files, which may hold gigabytes: the thread that serves everybody gets its turn in between. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

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

/** The same of a file, of which never more than a slice is in memory. */
export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: SLICE_BYTES }), hash);
  return hash.digest('hex');
}

/** What one call to the system may read. */
const READ_BYTES_MAX = 1 << 30;

/** A file in a buffer of its own and once only: `readFile` would have to be copied to get there. */
export async function readWhole(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(file);
  try {
    const bytes = new Uint8Array((await handle.stat()).size);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(bytes.length - at, READ_BYTES_MAX), at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was read.`);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}
