/** Size and pages of PNG, GIF, WebP and BMP files. */
import type { Exif } from '../core/exif.ts';
import { LIMITS } from '../core/limits.ts';
import { ascii, type ByteSource, memorySource, view } from './byte-source.ts';
import { readExif } from './exif.ts';
import type { MediaHeader } from './header.ts';

type Image = Pick<MediaHeader, 'width' | 'height' | 'pages'> & Partial<Pick<MediaHeader, 'exif'>>;

/** Chunks before the first pixels; an ordinary file has fewer than twenty. */
const CHUNKS_MAX = 1_000;

/** A picture without an area is damaged. */
export function image(width: number, height: number, pages: number): Image | null {
  return width > 0 && height > 0 && pages > 0 ? { width, height, pages } : null;
}

/** Animated files (APNG) say how many frames they have in a chunk before the pixels. */
export async function readPng(source: ByteSource): Promise<Image | null> {
  const head = await view(source, 8, 16);
  if (head === null || ascii(head, 4, 4) !== 'IHDR') return null;
  let pages = 1;
  let exif: Exif | null = null;
  let at = 33;
  for (let i = 0; i < CHUNKS_MAX; i++) {
    const chunk = await view(source, at, 12);
    const name = chunk === null ? 'IDAT' : ascii(chunk, 4, 4);
    if (name === 'IDAT' || name === 'IEND') break;
    if (name === 'acTL') pages = chunk!.getUint32(8);
    if (name === 'eXIf') exif ??= await exifAt(source, at + 8, chunk!.getUint32(0));
    at += 12 + chunk!.getUint32(0);
  }
  const size = image(head.getUint32(8), head.getUint32(12), pages);
  return size && { ...size, exif };
}

/** Frames are counted by walking the blocks: the file says nowhere how many there are. */
export async function readGif(source: ByteSource): Promise<Image | null> {
  const head = await view(source, 0, 13);
  if (head === null) return null;
  let width = head.getUint16(6, true);
  let height = head.getUint16(8, true);
  let pages = 0;
  let at = 13 + colorTableBytes(head.getUint8(10));
  while (pages <= LIMITS.imagePagesMax) {
    const block = await view(source, at, 1);
    const mark = block?.getUint8(0);
    if (mark === 0x21) at += 2;
    else if (mark === 0x2c) {
      const frame = await view(source, at, 10);
      if (frame === null) break;
      pages++;
      // Decoders make room for a frame that sticks out of its screen.
      width = Math.max(width, frame.getUint16(1, true) + frame.getUint16(5, true));
      height = Math.max(height, frame.getUint16(3, true) + frame.getUint16(7, true));
      at += 11 + colorTableBytes(frame.getUint8(9));
    } else break;
    at = await afterSubBlocks(source, at);
  }
  return image(width, height, pages);
}

function colorTableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}

/** A length, as many bytes, and so on until a length of zero; many lie in one piece, so that tiny ones cost no wait each. */
async function afterSubBlocks(source: ByteSource, start: number): Promise<number> {
  for (let at = start; ; ) {
    const piece = await source.read(at, PIECE_BYTES);
    if (piece.length === 0) return at;
    let i = 0;
    while (i < piece.length) {
      const length = piece[i]!;
      i += 1 + length;
      if (length === 0) return at + i;
    }
    at += i;
  }
}

const PIECE_BYTES = 4_096;

export async function readWebp(source: ByteSource): Promise<Image | null> {
  const head = await view(source, 12, 18);
  if (head === null) return null;
  switch (ascii(head, 0, 4)) {
    case 'VP8 ':
      return image(head.getUint16(14, true) & 0x3fff, head.getUint16(16, true) & 0x3fff, 1);
    case 'VP8L': {
      const bits = head.getUint32(9, true);
      return image((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1, 1);
    }
    case 'VP8X':
      return webpChunks(source, head);
    default:
      return null;
  }
}

function uint24(bytes: DataView, offset: number): number {
  return bytes.getUint16(offset, true) | (bytes.getUint8(offset + 2) << 16);
}

const WEBP_ANIMATED = 0x02;
const WEBP_EXIF = 0x08;

async function webpChunks(source: ByteSource, head: DataView): Promise<Image | null> {
  const flags = head.getUint8(8);
  const animated = (flags & WEBP_ANIMATED) !== 0;
  let frames = 0;
  let exif: Exif | null = null;
  const walks = animated || (flags & WEBP_EXIF) !== 0;
  for (let i = 0, at = 12; walks && i < LIMITS.imagePagesMax + CHUNKS_MAX; i++) {
    const chunk = await view(source, at, 8);
    if (chunk === null) break;
    const name = ascii(chunk, 0, 4);
    const length = chunk.getUint32(4, true);
    if (name === 'ANMF') frames++;
    if (name === 'EXIF') exif ??= await exifAt(source, at + 8, length);
    at += 8 + length + (length % 2);
  }
  const size = image(uint24(head, 12) + 1, uint24(head, 15) + 1, animated ? frames : 1);
  return size && { ...size, exif };
}

/** Larger blocks hold thumbnails and makers' notes that nobody asks for. */
const EXIF_BYTES_MAX = 1_000_000;

/** Some programs write the mark of JPEG files before the block. */
async function exifAt(source: ByteSource, at: number, length: number): Promise<Exif | null> {
  const block = await view(source, at, Math.min(length, EXIF_BYTES_MAX));
  if (block === null) return null;
  const skip = block.byteLength > 6 && ascii(block, 0, 4) === 'Exif' ? 6 : 0;
  return readExif(memorySource(new Uint8Array(block.buffer, block.byteOffset + skip, block.byteLength - skip).slice()));
}

/** Rows may be stored from the top down, which a negative height says. */
export async function readBmp(source: ByteSource): Promise<Image | null> {
  const head = await view(source, 14, 12);
  if (head === null) return null;
  if (head.getUint32(0, true) === 12) return image(head.getUint16(4, true), head.getUint16(6, true), 1);
  return image(head.getInt32(4, true), Math.abs(head.getInt32(8, true)), 1);
}
