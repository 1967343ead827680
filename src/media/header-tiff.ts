/** Size and pages of TIFF files, classic and BigTIFF, and what cameras wrote into classic ones. */
import { LIMITS } from '../core/limits.ts';
import { type ByteSource, view } from './byte-source.ts';
import { readExif } from './exif.ts';
import type { MediaHeader } from './header.ts';
import { image } from './header-image.ts';

const WIDTH = 256;
const HEIGHT = 257;
const ORIENTATION = 274;
/** A camera writes about fifty; the walk over one page costs at most this many reads of the window. */
const TAGS_MAX = 4_096;

interface Layout {
  readonly little: boolean;
  readonly big: boolean;
  readonly first: number;
}

interface Page {
  readonly tags: ReadonlyMap<number, number>;
  /** Offset of the next page; 0 for none. */
  readonly next: number;
}

type Tiff = Pick<MediaHeader, 'width' | 'height' | 'pages' | 'exif'>;

/** The largest page stands for all. */
export async function readTiff(source: ByteSource): Promise<Tiff | null> {
  const layout = await layoutOf(source);
  if (layout === null) return null;
  let best = { width: 0, height: 0 };
  let pages = 0;
  // A chain that bites its own tail ends at the limit on pages.
  for (let at = layout.first; at !== 0 && pages <= LIMITS.imagePagesMax; pages++) {
    const page = await readPage(source, layout, at);
    if (page === null) return null;
    const width = page.tags.get(WIDTH) ?? 0;
    const height = page.tags.get(HEIGHT) ?? 0;
    if (width * height > best.width * best.height) {
      best = liesOnItsSide(page.tags.get(ORIENTATION)) ? { width: height, height: width } : { width, height };
    }
    at = page.next;
  }
  const size = image(best.width, best.height, pages);
  return size && { ...size, exif: await readExif(source) };
}

/** Orientations 5 to 8: width and height change places when the picture is shown. */
export function liesOnItsSide(orientation: string | number | undefined): boolean {
  return typeof orientation === 'number' && orientation >= 5 && orientation <= 8;
}

async function layoutOf(source: ByteSource): Promise<Layout | null> {
  const head = await view(source, 0, 8);
  if (head === null) return null;
  const little = head.getUint16(0) === 0x4949;
  if (head.getUint16(2, little) !== 43) return { little, big: false, first: head.getUint32(4, little) };
  const rest = await view(source, 8, 8);
  return rest === null ? null : { little, big: true, first: Number(rest.getBigUint64(0, little)) };
}

async function readPage(source: ByteSource, { little, big }: Layout, at: number): Promise<Page | null> {
  const head = await view(source, at, big ? 8 : 2);
  if (head === null) return null;
  const count = big ? Number(head.getBigUint64(0, little)) : head.getUint16(0, little);
  const size = big ? 20 : 12;
  if (count > TAGS_MAX) return null;
  const table = await view(source, at + head.byteLength, count * size);
  if (table === null) return null;
  const tags = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const tag = table.getUint16(i * size, little);
    if (tag === WIDTH || tag === HEIGHT || tag === ORIENTATION) tags.set(tag, entryValue(table, i * size, little, big));
  }
  const next = await view(source, at + head.byteLength + count * size, big ? 8 : 4);
  if (next === null) return { tags, next: 0 };
  return { tags, next: big ? Number(next.getBigUint64(0, little)) : next.getUint32(0, little) };
}

/** Shorts stand at the start of the value's field, whatever the byte order. */
function entryValue(table: DataView, entry: number, little: boolean, big: boolean): number {
  const isShort = table.getUint16(entry + 2, little) === 3;
  const at = entry + (big ? 12 : 8);
  return isShort ? table.getUint16(at, little) : table.getUint32(at, little);
}
