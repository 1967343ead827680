/** A WAV file taken apart: what its header says, held against what is there. Files are from strangers. */
import { AppError } from '../core/errors.ts';

export interface SoundFile {
  readonly channels: number;
  /** Per second. */
  readonly sampleRate: number;
  /** Bytes of the sound that are really there. */
  readonly bytes: number;
  readonly seconds: number;
  /** The same sound with a header that tells the truth and nothing else. */
  readonly clean: Uint8Array;
}

/** Chunks before the sound: broadcast files have a dozen. */
const CHUNKS_MAX = 1_000;
/** More is no recording that anybody labels; each limit also bounds what decoding costs. */
const CHANNELS_MAX = 32;
const RATE = { min: 1_000, max: 384_000 } as const;
/** Samples of all channels: an hour of stereo at 16 kHz, 17 minutes at 48 kHz. Decoded they take up to 12 bytes each. */
export const SAMPLES_MAX = 115_200_000;

/** Codings by their number in the header; the fields of an extensible header begin with one of these. */
const EXTENSIBLE = 0xfffe;
const BITS_OF: Readonly<Record<number, readonly number[]>> = {
  // Linear, float, A-law, mu-law.
  1: [8, 16, 24, 32],
  3: [32, 64],
  6: [8],
  7: [8],
};

/** Throws BACKEND_BAD_ITEM for what is no WAV file, a coding that cannot be read, or numbers that contradict each other. */
export function readSoundFile(file: Uint8Array): SoundFile {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const name = (at: number): string => String.fromCharCode(...file.subarray(at, at + 4));
  if (file.length < 12 || !['RIFF', 'RF64'].includes(name(0)) || name(8) !== 'WAVE') {
    throw bad('it is no WAV file; convert it to one (MP3, Ogg and FLAC cannot be read here)');
  }
  let format: Uint8Array | null = null;
  let at = 12;
  for (let chunk = 0; chunk < CHUNKS_MAX && at + 8 <= file.length; chunk++) {
    const length = view.getUint32(at + 4, true);
    const body = file.subarray(at + 8, Math.min(file.length, at + 8 + length));
    if (name(at) === 'fmt ') format = body;
    if (name(at) === 'data') {
      if (format === null) throw bad('its sound comes before the header that describes it');
      // A recorder that was cut off leaves 0 or 4 GB: the sound then reaches to the end of the file.
      return assemble(format, length === 0 ? file.subarray(at + 8) : body);
    }
    at += 8 + length + (length % 2);
  }
  throw bad('it holds no sound');
}

function assemble(format: Uint8Array, sound: Uint8Array): SoundFile {
  if (format.length < 16) throw bad('its header is cut off');
  const view = new DataView(format.buffer, format.byteOffset, format.byteLength);
  const [channels, sampleRate] = [view.getUint16(2, true), view.getUint32(4, true)];
  const [block, bits] = [view.getUint16(12, true), view.getUint16(14, true)];
  const extended = view.getUint16(0, true) === EXTENSIBLE && format.length >= 26;
  const coding = view.getUint16(extended ? 24 : 0, true);
  if (!BITS_OF[coding]?.includes(bits)) throw bad(`coding ${coding} with ${bits} bits cannot be read`);
  if (channels < 1 || channels > CHANNELS_MAX)
    throw bad(`it has ${channels} channels, 1 to ${CHANNELS_MAX} can be read`);
  if (sampleRate < RATE.min || sampleRate > RATE.max) {
    throw bad(`it has ${sampleRate} samples a second, ${RATE.min} to ${RATE.max} can be read`);
  }
  if (block !== (channels * bits) / 8) {
    throw bad(`its header contradicts itself: ${channels} channels of ${bits} bits in blocks of ${block} bytes`);
  }
  const whole = sound.subarray(0, sound.length - (sound.length % block));
  if (whole.length === 0) throw bad('it holds no sound');
  const samples = whole.length / (bits / 8);
  if (samples > SAMPLES_MAX) throw bad(`it has ${samples} samples, at most ${SAMPLES_MAX} can be read; cut it`);
  const seconds = samples / channels / sampleRate;
  return { channels, sampleRate, bytes: whole.length, seconds, clean: rebuild(format, whole) };
}

function rebuild(format: Uint8Array, sound: Uint8Array): Uint8Array {
  const clean = new Uint8Array(12 + 8 + format.length + 8 + sound.length);
  const view = new DataView(clean.buffer);
  const put = (at: number, name: string, length: number): void => {
    for (let i = 0; i < 4; i++) clean[at + i] = name.charCodeAt(i);
    view.setUint32(at + 4, length, true);
  };
  put(0, 'RIFF', clean.length - 8);
  put(8, 'WAVE', 0);
  put(12, 'fmt ', format.length);
  clean.set(format, 20);
  put(20 + format.length, 'data', sound.length);
  clean.set(sound, 28 + format.length);
  return clean;
}

function bad(reason: string): AppError {
  return new AppError('BACKEND_BAD_ITEM', `The sound cannot be read: ${reason}.`);
}
