/** Duration and frame size of MP4 files, audio or video. */
import { ascii, type ByteSource, view } from './byte-source.ts';
import type { MediaHeader } from './header.ts';

/** Boxes looked at in all; fragmented films have thousands beside the one that counts. */
const BOXES_MAX = 20_000;
/** moov > trak > tkhd, and a level to spare. */
const DEPTH_MAX = 4;
const CONTAINERS: readonly string[] = ['moov', 'trak'];

interface Found {
  seconds: number | null;
  width: number;
  height: number;
  boxes: number;
}

export async function readMp4(source: ByteSource): Promise<Partial<MediaHeader> | null> {
  const found: Found = { seconds: null, width: 0, height: 0, boxes: 0 };
  if (!(await walk(source, 0, source.size, 0, found))) return null;
  const size = found.width > 0 && found.height > 0 ? { width: found.width, height: found.height } : {};
  return { seconds: found.seconds, ...size };
}

/** False when a box does not fit where it stands. */
async function walk(source: ByteSource, start: number, end: number, depth: number, found: Found): Promise<boolean> {
  for (let at = start; at + 8 <= end; ) {
    if (++found.boxes > BOXES_MAX || depth > DEPTH_MAX) return false;
    const head = await view(source, at, 8);
    if (head === null) return false;
    const long = head.getUint32(0) === 1 ? await view(source, at + 8, 8) : null;
    const given = long === null ? head.getUint32(0) : Number(long.getBigUint64(0));
    const body = at + (long === null ? 8 : 16);
    const next = given === 0 ? end : at + given;
    if (next < body) return false;
    const name = ascii(head, 4, 4);
    // The last box of a film that was cut off sticks out; what it says may still be read.
    if (CONTAINERS.includes(name)) {
      if (!(await walk(source, body, Math.min(next, end), depth + 1, found))) return false;
    } else if (name === 'mvhd') await readDuration(source, body, found);
    else if (name === 'tkhd') await readFrameSize(source, body, found);
    at = next;
  }
  return true;
}

async function readDuration(source: ByteSource, at: number, found: Found): Promise<void> {
  const box = await view(source, at, 32);
  if (box === null) return;
  const isLong = box.getUint8(0) === 1;
  const scale = box.getUint32(isLong ? 20 : 12);
  const units = isLong ? Number(box.getBigUint64(24)) : box.getUint32(16);
  if (scale > 0 && units > 0) found.seconds = units / scale;
}

/** The largest track; sizes are 16.16 fixed point. */
async function readFrameSize(source: ByteSource, at: number, found: Found): Promise<void> {
  const version = (await view(source, at, 1))?.getUint8(0);
  const box = await view(source, at + (version === 1 ? 88 : 76), 8);
  if (box === null) return;
  const [width, height] = [box.getUint32(0) >>> 16, box.getUint32(4) >>> 16];
  if (width * height > found.width * found.height) Object.assign(found, { width, height });
}
