/** EXIF blocks: directories of tags in the form of TIFF. Files are from strangers: only known tags are read, each bounded. */
import { EXIF_IMAGE_TAGS, EXIF_PHOTO_TAGS, EXIF_PLACE_TAGS, type Exif } from '../core/exif.ts';
import { type ByteSource, view } from './byte-source.ts';

/** Offsets of the two further directories stand in the first. */
const PHOTO = 0x8769;
const PLACE = 0x8825;
/** A camera writes about fifty; the standard has two hundred. */
const TAGS_MAX = 1_000;
/** Longer texts are cut: names of cameras and programs are short, comments are not what a rule looks at. */
const TEXT_MAX = 200;
/** Degrees, minutes, seconds. */
const NUMBERS_MAX = 3;
const CLASSIC = 42;

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Where the value stands, from the start of the block. */
  readonly at: number;
}

/** What the block at the start of `source` says; null when it is none, `{}` when it says nothing that we know. */
export async function readExif(source: ByteSource): Promise<Exif | null> {
  const head = await view(source, 0, 8);
  if (head === null) return null;
  const little = head.getUint16(0) === 0x4949;
  if ((!little && head.getUint16(0) !== 0x4d4d) || head.getUint16(2, little) !== CLASSIC) return null;
  const first = await readDirectory(source, head.getUint32(4, little), little);
  if (first === null) return null;
  const found: Record<string, string | number> = {};
  const take = async (entries: ReadonlyMap<number, Entry>, tags: ReadonlyMap<number, string>): Promise<void> => {
    for (const [tag, name] of tags) {
      const entry = entries.get(tag);
      const value = entry && (await readValue(source, entry, little));
      if (value !== undefined && value !== '') found[name] = name.startsWith('DateTime') ? timeOf(value) : value;
    }
  };
  await take(first, EXIF_IMAGE_TAGS);
  await take(await directoryAt(source, first.get(PHOTO), little), EXIF_PHOTO_TAGS);
  const place = await directoryAt(source, first.get(PLACE), little);
  await take(place, EXIF_PLACE_TAGS);
  await turn(source, place, little, found);
  return found;
}

async function directoryAt(source: ByteSource, entry: Entry | undefined, little: boolean) {
  const at = entry && (await readValue(source, entry, little));
  return (typeof at === 'number' ? await readDirectory(source, at, little) : null) ?? new Map<number, Entry>();
}

async function readDirectory(source: ByteSource, at: number, little: boolean): Promise<Map<number, Entry> | null> {
  const head = await view(source, at, 2);
  const count = head?.getUint16(0, little) ?? 0;
  if (head === null || count > TAGS_MAX) return null;
  const table = await view(source, at + 2, count * 12);
  if (table === null) return null;
  const entries = new Map<number, Entry>();
  for (let i = 0; i < count; i++) {
    const type = table.getUint16(i * 12 + 2, little);
    const values = table.getUint32(i * 12 + 4, little);
    // Values of up to four bytes stand in the entry itself.
    const inside = (BYTES[type] ?? 1) * values <= 4;
    const place = inside ? at + 2 + i * 12 + 8 : table.getUint32(i * 12 + 8, little);
    entries.set(table.getUint16(i * 12, little), { type, count: values, at: place });
  }
  return entries;
}

/** Bytes of a value by its type: byte, text, short, long, rational, signed byte, opaque, signed short, long and rational. */
const BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8 };
const TEXT = 2;
/** ASCII by the standard, UTF-8 by most of those who write more. */
const TEXTS = new TextDecoder();

/** Degrees, minutes and seconds become degrees; of any other list the first number counts. */
async function readValue(
  source: ByteSource,
  { type, count, at }: Entry,
  little: boolean,
): Promise<string | number | undefined> {
  if (type === TEXT) {
    const text = await view(source, at, Math.min(count, TEXT_MAX));
    return text === null ? undefined : TEXTS.decode(text).split('\0', 1)[0]!.trim();
  }
  const size = BYTES[type];
  if (size === undefined || count === 0) return undefined;
  const values = Math.min(count, NUMBERS_MAX);
  const bytes = await view(source, at, size * values);
  if (bytes === null) return undefined;
  const numbers = Array.from({ length: values }, (_, i) => numberAt(bytes, i * size, type, little));
  const value = count === NUMBERS_MAX ? numbers[0]! + numbers[1]! / 60 + numbers[2]! / 3600 : numbers[0]!;
  return Number.isFinite(value) ? value : undefined;
}

function numberAt(bytes: DataView, at: number, type: number, little: boolean): number {
  switch (type) {
    case 3:
      return bytes.getUint16(at, little);
    case 4:
      return bytes.getUint32(at, little);
    case 5:
      return bytes.getUint32(at, little) / bytes.getUint32(at + 4, little);
    case 6:
      return bytes.getInt8(at);
    case 8:
      return bytes.getInt16(at, little);
    case 9:
      return bytes.getInt32(at, little);
    case 10:
      return bytes.getInt32(at, little) / bytes.getInt32(at + 4, little);
    default:
      return bytes.getUint8(at);
  }
}

/** South, west and below the sea are negative. */
async function turn(
  source: ByteSource,
  place: ReadonlyMap<number, Entry>,
  little: boolean,
  found: Record<string, string | number>,
): Promise<void> {
  for (const [tag, name, below] of [
    [1, 'Latitude', 'S'],
    [3, 'Longitude', 'W'],
    [5, 'Altitude', 1],
  ] as const) {
    const entry = place.get(tag);
    const side = entry && (await readValue(source, entry, little));
    const value = found[name];
    if (side === below && typeof value === 'number') found[name] = -value;
  }
}

/** `2024:05:31 12:00:00` -> `2024-05-31T12:00:00Z`; anything else stays as it is. */
function timeOf(value: string | number): string | number {
  const parts = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(String(value));
  return parts ? `${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}Z` : value;
}
