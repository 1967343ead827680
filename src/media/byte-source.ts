/** Bytes that can be read anywhere without reading all of them: what headers are read from. */
import type { FileHandle } from 'node:fs/promises';

export interface ByteSource {
  readonly size: number;
  /** Up to `length` bytes; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Headers are walked in steps of a few bytes; one read of the disk serves many. */
const WINDOW_BYTES = 65_536;

export function fileSource(file: FileHandle, size: number): ByteSource {
  let window = new Uint8Array(0);
  let start = 0;
  return {
    size,
    async read(offset, length) {
      const end = Math.min(size, offset + length);
      if (offset >= end) return new Uint8Array(0);
      if (offset < start || end > start + window.length) {
        start = offset;
        const wanted = Math.min(size - offset, Math.max(length, WINDOW_BYTES));
        const { buffer, bytesRead } = await file.read(new Uint8Array(wanted), 0, wanted, offset);
        window = buffer.subarray(0, bytesRead);
      }
      return window.subarray(offset - start, end - start);
    },
  };
}

export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A view of exactly `length` bytes, or null where the file ends before. */
export async function view(source: ByteSource, offset: number, length: number): Promise<DataView | null> {
  const bytes = await source.read(offset, length);
  return bytes.length === length ? new DataView(bytes.buffer, bytes.byteOffset, length) : null;
}

/** Latin-1, for tags and magic numbers. */
export function ascii(bytes: DataView, offset: number, length: number): string {
  let text = '';
  for (let i = offset; i < offset + length; i++) text += String.fromCharCode(bytes.getUint8(i));
  return text;
}
