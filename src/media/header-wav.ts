/** Duration of WAV files, from what is there: sizes in their headers are wrong as often as not. */
import { ascii, type ByteSource, view } from './byte-source.ts';
import type { MediaHeader } from './header.ts';

/** Chunks before the sound: broadcast files have a dozen. */
const CHUNKS_MAX = 1_000;
const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

interface Sound {
  readonly sampleRate: number;
  readonly channels: number;
  readonly bytesPerSecond: number;
}

/**
 * A recorder that was cut off leaves sizes of 0 or 4 GB: the sound then reaches to the end of the file, and never beyond it.
 */
export async function readWav(source: ByteSource): Promise<Partial<MediaHeader> | null> {
  let sound: Sound | null = null;
  let at = 12;
  for (let i = 0; i < CHUNKS_MAX; i++) {
    const chunk = await view(source, at, 8);
    if (chunk === null) return null;
    const name = ascii(chunk, 0, 4);
    const length = chunk.getUint32(4, true);
    if (name === 'fmt ') {
      sound = await readFormat(source, at + 8);
      if (sound === null) return null;
    }
    if (name === 'data') {
      const left = source.size - at - 8;
      const bytes = length === 0 ? left : Math.min(length, left);
      return sound && { ...pick(sound), seconds: bytes / sound.bytesPerSecond };
    }
    at += 8 + length + (length % 2);
  }
  return null;
}

function pick({ sampleRate, channels }: Sound): Pick<Sound, 'sampleRate' | 'channels'> {
  return { sampleRate, channels };
}

/** Null when the numbers contradict each other: a rate of bytes that lies would hide a day of sound, or promise a year. */
async function readFormat(source: ByteSource, at: number): Promise<Sound | null> {
  const format = await view(source, at, 16);
  if (format === null) return null;
  const channels = format.getUint16(2, true);
  const sampleRate = format.getUint32(4, true);
  const blockBytes = format.getUint16(12, true);
  const sampleBits = format.getUint16(14, true);
  if (channels === 0 || sampleRate === 0) return null;
  if (![PCM, FLOAT, EXTENSIBLE].includes(format.getUint16(0, true))) {
    const bytesPerSecond = format.getUint32(8, true);
    return bytesPerSecond === 0 ? null : { sampleRate, channels, bytesPerSecond };
  }
  if (blockBytes === 0 || blockBytes !== channels * Math.ceil(sampleBits / 8)) return null;
  return { sampleRate, channels, bytesPerSecond: sampleRate * blockBytes };
}
