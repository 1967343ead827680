/** Sounds inside a host: decoded, mixed to one channel, and brought to the sample rate that a model wants. */
import samplerate from '@alexanderolsen/libsamplerate-js';
import wavefile from 'wavefile';
import { AppError } from '../core/errors.ts';
import { readSoundFile, type SoundFile } from './sound-file.ts';

export interface Sound {
  /** One channel, -1..1 (float files may go beyond). */
  readonly samples: Float32Array;
  readonly sampleRate: number;
  /** Of the file, before it was brought to the rate. */
  readonly seconds: number;
}

/** Throws BACKEND_BAD_ITEM when the bytes are no WAV file that can be read, or hold numbers that are not finite. */
export async function decodeSound(bytes: Uint8Array, sampleRate: number): Promise<Sound> {
  const file = readSoundFile(bytes);
  const samples = await resample(mix(decode(file)), file.sampleRate, sampleRate);
  return { samples, sampleRate, seconds: file.seconds };
}

interface Decoded {
  readonly channels: readonly ArrayLike<number>[];
  /** Of a sample: `(value - zero) * scale` is -1..1. */
  readonly zero: number;
  readonly scale: number;
}

function decode(file: SoundFile): Decoded {
  const wave = new wavefile.WaveFile();
  wave.fromBuffer(file.clean);
  if (wave.bitDepth === '8a') wave.fromALaw();
  if (wave.bitDepth === '8m') wave.fromMuLaw();
  const depth = wave.bitDepth;
  const channels = depth === '16' ? deal(wave, file.channels) : deinterleaved(wave);
  if (depth === '32f' || depth === '64') return { channels, zero: 0, scale: 1 };
  if (depth === '8') return { channels, zero: 128, scale: 1 / 128 };
  return { channels, zero: 0, scale: 2 ** (1 - Number(depth)) };
}

/** The library's own way: any coding, through a number per sample. */
function deinterleaved(wave: wavefile.WaveFile): ArrayLike<number>[] {
  const samples = wave.getSamples(false, Float64Array) as unknown as Float64Array | Float64Array[];
  return samples instanceof Float64Array ? [samples] : samples;
}

/** 16-bit sounds, which nearly all are, as they lie there: a tenth of the time. */
function deal(wave: wavefile.WaveFile, channels: number): ArrayLike<number>[] {
  const { samples } = wave.data as { samples: Uint8Array };
  const all = new Int16Array(samples.slice().buffer);
  if (channels === 1) return [all];
  return Array.from({ length: channels }, (_, c) => {
    const one = new Int16Array(all.length / channels);
    for (let i = 0; i < one.length; i++) one[i] = all[i * channels + c]!;
    return one;
  });
}

function mix({ channels, zero, scale }: Decoded): Float32Array {
  const mixed = new Float32Array(channels[0]!.length);
  const share = scale / channels.length;
  for (const channel of channels) for (let i = 0; i < mixed.length; i++) mixed[i]! += (channel[i]! - zero) * share;
  if (mixed.every(Number.isFinite)) return mixed;
  throw new AppError('BACKEND_BAD_ITEM', 'The sound cannot be read: it holds numbers that are not finite.');
}

/** By libsamplerate: band-limited, so that what is above the new rate does not fold back into the sound. */
async function resample(samples: Float32Array, from: number, to: number): Promise<Float32Array> {
  if (from === to || samples.length === 0) return samples;
  const converter = await samplerate.create(1, from, to, { converterType: samplerate.ConverterType.SRC_SINC_FASTEST });
  try {
    return converter.simple(samples).slice();
  } finally {
    converter.destroy();
  }
}
