/** Size of JPEG files, turned upright as their camera says. */
import type { Exif } from '../core/exif.ts';
import { ascii, type ByteSource, memorySource, view } from './byte-source.ts';
import { readExif } from './exif.ts';
import type { MediaHeader } from './header.ts';
import { image } from './header-image.ts';
import { liesOnItsSide } from './header-tiff.ts';

/** Segments before the picture: profiles and thumbnails come in pieces of 64 kB. */
const SEGMENTS_MAX = 2_000;
const EXIF = 0xe1;

type Jpeg = Pick<MediaHeader, 'width' | 'height' | 'pages' | 'exif'>;

export async function readJpeg(source: ByteSource): Promise<Jpeg | null> {
  let exif: Exif | null = null;
  let at = 2;
  for (let i = 0; i < SEGMENTS_MAX; i++) {
    const segment = await view(source, at, 4);
    if (segment === null || segment.getUint8(0) !== 0xff) return null;
    const marker = segment.getUint8(1);
    if (marker === 0xff || isBare(marker)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (isFrame(marker)) {
      const frame = await view(source, at + 5, 4);
      const height = frame?.getUint16(0) ?? 0;
      const width = frame?.getUint16(2) ?? 0;
      const size = liesOnItsSide(exif?.Orientation) ? image(height, width, 1) : image(width, height, 1);
      return size && { ...size, exif };
    }
    const length = segment.getUint16(2);
    if (length < 2) return null;
    if (marker === EXIF) exif ??= await exifIn(source, at + 4, length - 2);
    at += 2 + length;
  }
  return null;
}

/** Restart marks and the like have no length. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** Start of frame, of any coding; the three gaps are tables. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

async function exifIn(source: ByteSource, at: number, length: number): Promise<Exif | null> {
  const segment = await view(source, at, length);
  if (segment === null || length < 14 || ascii(segment, 0, 4) !== 'Exif') return null;
  const bytes = new Uint8Array(segment.buffer, segment.byteOffset + 6, length - 6);
  return readExif(memorySource(bytes.slice()));
}
