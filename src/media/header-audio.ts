/** Duration of FLAC, Ogg and MP3 files. */
import { ascii, type ByteSource, view } from './byte-source.ts';
import type { MediaHeader } from './header.ts';

type Audio = Pick<MediaHeader, 'seconds' | 'sampleRate' | 'channels'>;

/** STREAMINFO comes first; a length of zero means that the encoder did not know. */
export async function readFlac(source: ByteSource): Promise<Audio | null> {
  const info = await view(source, 4, 38);
  if (info === null || (info.getUint8(0) & 0x7f) !== 0) return null;
  const packed = info.getUint32(14);
  const sampleRate = packed >>> 12;
  if (sampleRate === 0) return null;
  const samples = (info.getUint8(17) & 0x0f) * 2 ** 32 + info.getUint32(18);
  return { sampleRate, channels: ((packed >>> 9) & 7) + 1, seconds: samples === 0 ? null : samples / sampleRate };
}

/** The last page says how far the sound goes; pages are at most this long. */
const OGG_PAGE_MAX = 65_307;
/** Opus always counts at this rate. */
const OPUS_RATE = 48_000;

export async function readOgg(source: ByteSource): Promise<Audio | null> {
  const head = await view(source, 0, 47);
  if (head === null) return null;
  const isOpus = ascii(head, 28, 8) === 'OpusHead';
  if (!isOpus && ascii(head, 29, 6) !== 'vorbis') return { seconds: null, sampleRate: null, channels: null };
  const channels = head.getUint8(isOpus ? 37 : 39);
  const sampleRate = isOpus ? OPUS_RATE : head.getUint32(40, true);
  if (channels === 0 || sampleRate === 0) return null;
  const samples = (await lastGranule(source)) - (isOpus ? head.getUint16(38, true) : 0);
  return { sampleRate, channels, seconds: samples > 0 ? samples / sampleRate : null };
}

/** Position of the last page that has one; 0 when there is none. */
async function lastGranule(source: ByteSource): Promise<number> {
  const start = Math.max(0, source.size - OGG_PAGE_MAX);
  const tail = await view(source, start, source.size - start);
  for (let at = (tail?.byteLength ?? 0) - 27; tail && at >= 0; at--) {
    // "OggS"; all bits set means that no packet ends on the page.
    if (tail.getUint32(at) !== 0x4f676753) continue;
    const granule = tail.getBigInt64(at + 6, true);
    if (granule !== -1n) return Number(granule);
  }
  return 0;
}

/** kbit/s of layer III by index, for MPEG 1 and for 2 and 2.5. */
const BIT_RATES_1 = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const BIT_RATES_2 = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
const SAMPLE_RATES = [44_100, 48_000, 32_000];
/** The least a frame can hold: what the file could last at most. */
const BIT_RATE_MIN = 8_000;
/** Junk between tags and the first frame. */
const SEARCH_BYTES = 4_096;

/** By the count of frames where the encoder wrote it (Xing, Info), else as if the first bit rate held throughout. */
export async function readMp3(source: ByteSource): Promise<Audio | null> {
  const start = await afterId3(source);
  const head = await view(source, start, Math.min(SEARCH_BYTES, source.size - start));
  for (let at = 0; head && at + 4 <= head.byteLength; at++) {
    const frame = mpegFrame(head.getUint32(at));
    if (frame === null) continue;
    const bytes = source.size - start - at;
    const counted = await countedFrames(source, start + at, frame);
    const seconds = counted === null ? 0 : (counted * frame.samples) / frame.sampleRate;
    const isPlausible = seconds > 0 && seconds <= (bytes * 8) / BIT_RATE_MIN;
    const { sampleRate, channels } = frame;
    return { sampleRate, channels, seconds: isPlausible ? seconds : (bytes * 8) / frame.bitRate };
  }
  return null;
}

interface MpegFrame {
  readonly bitRate: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** Per channel. */
  readonly samples: number;
  /** Bytes between the head and the place where Xing stands. */
  readonly sideBytes: number;
}

function mpegFrame(head: number): MpegFrame | null {
  const version = (head >>> 19) & 3;
  const bitRate = (version === 3 ? BIT_RATES_1 : BIT_RATES_2)[(head >>> 12) & 15];
  const sampleRate = SAMPLE_RATES[(head >>> 10) & 3];
  const isLayer3 = head >>> 21 === 0x7ff && ((head >>> 17) & 3) === 1;
  if (!isLayer3 || version === 1 || !bitRate || sampleRate === undefined) return null;
  const channels = ((head >>> 6) & 3) === 3 ? 1 : 2;
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  const sideBytes = version === 3 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17;
  return {
    bitRate: bitRate * 1000,
    sampleRate: sampleRate / divisor,
    channels,
    samples: version === 3 ? 1152 : 576,
    sideBytes,
  };
}

async function countedFrames(source: ByteSource, at: number, frame: MpegFrame): Promise<number | null> {
  const tag = await view(source, at + 4 + frame.sideBytes, 12);
  if (tag === null || !['Xing', 'Info'].includes(ascii(tag, 0, 4))) return null;
  return (tag.getUint32(4) & 1) === 1 ? tag.getUint32(8) : null;
}

/** Lengths in ID3 use seven bits of each byte. */
async function afterId3(source: ByteSource): Promise<number> {
  const tag = await view(source, 0, 10);
  if (tag === null || ascii(tag, 0, 3) !== 'ID3') return 0;
  let length = 0;
  for (let i = 6; i < 10; i++) length = length * 128 + (tag.getUint8(i) & 0x7f);
  return 10 + length;
}
