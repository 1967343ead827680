import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wavefile from 'wavefile';
import { decodeSound } from '../../src/backends/sound-decode.ts';
import { readSoundFile } from '../../src/backends/sound-file.ts';
import { AppError } from '../../src/core/errors.ts';
import { type Depth, tone, wav } from '../helpers/sounds.ts';

const WAVE = tone(440, 0.25);

/** Where the chunk `name` begins. */
function chunkAt(file: Uint8Array, name: string): number {
  return Buffer.from(file).indexOf(name, 12, 'latin1');
}

function changed(file: Uint8Array, change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const copy = file.slice();
  change(new DataView(copy.buffer), copy);
  return copy;
}

async function refusal(file: Uint8Array): Promise<string> {
  const error = await decodeSound(file, 16_000).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AppError);
  expect((error as AppError).code).toBe('BACKEND_BAD_ITEM');
  return (error as AppError).message;
}

describe('decoding', () => {
  it.each<Depth>(['8', '16', '24', '32', '32f', '64'])('reads %s-bit samples', async (depth) => {
    const { samples, seconds } = await decodeSound(wav([WAVE], { depth }), 16_000);
    expect(seconds).toBe(0.25);
    const worst = samples.reduce((most, value, i) => Math.max(most, Math.abs(value - WAVE[i]!)), 0);
    expect(worst).toBeLessThan(depth === '8' ? 0.01 : 1e-4);
  });

  it.each(['toALaw', 'toMuLaw'] as const)('reads packed samples: %s', async (packed) => {
    const original = tone(440, 0.5, { rate: 8_000 });
    const wave = new wavefile.WaveFile(wav([original], { rate: 8_000 }));
    wave[packed]();
    const { samples } = await decodeSound(wave.toBuffer(), 8_000);
    const worst = samples.reduce((most, value, i) => Math.max(most, Math.abs(value - original[i]!)), 0);
    expect(worst).toBeLessThan(0.05);
  });

  it('mixes channels to one; 16-bit sounds as the library reads them', async () => {
    const file = wav([tone(300, 0.1), tone(500, 0.1), tone(700, 0.1)]);
    const { samples } = await decodeSound(file, 16_000);
    const slow = new wavefile.WaveFile(file).getSamples(false, Float64Array) as unknown as Float64Array[];
    const mean = Float32Array.from(slow[0]!, (_, i) => (slow[0]![i]! + slow[1]![i]! + slow[2]![i]!) / 3 / 32_768);
    samples.forEach((value, i) => {
      expect(Math.abs(value - mean[i]!)).toBeLessThan(1e-6);
    });
  });

  it('resamples without folding what is too high back into the sound', async () => {
    const at44 = wav([tone(440, 1, { rate: 44_100 })], { rate: 44_100 });
    const { samples } = await decodeSound(at44, 16_000);
    expect(samples.length).toBeGreaterThan(15_990);
    for (let i = 2_000; i < 14_000; i += 7) {
      expect(Math.abs(samples[i]! - 0.5 * Math.sin((2 * Math.PI * 440 * i) / 16_000))).toBeLessThan(1e-3);
    }
    const tooHigh = await decodeSound(wav([tone(12_000, 1, { rate: 44_100 })], { rate: 44_100 }), 16_000);
    expect(Math.max(...tooHigh.samples.subarray(1_000, 15_000))).toBeLessThan(0.01);
  });
});

describe('headers that lie', () => {
  const file = wav([WAVE, WAVE]);
  const data = chunkAt(file, 'data');
  const fmt = chunkAt(file, 'fmt ');

  it.each([
    ['0', 0],
    ['4 GB', 0xffff_ffff],
    ['a little too much', file.length],
  ])('a sound of %s bytes reaches to the end of the file', async (_name, length) => {
    const { samples } = await decodeSound(
      changed(file, (view) => view.setUint32(data + 4, length, true)),
      16_000,
    );
    expect(samples).toHaveLength(WAVE.length);
  });

  it('a file cut off inside a sample keeps the samples before', async () => {
    const { samples, seconds } = await decodeSound(file.slice(0, data + 8 + 1_001), 16_000);
    expect(samples).toHaveLength(250);
    expect(seconds).toBeCloseTo(250 / 16_000);
  });

  it.each<[string, (view: DataView, bytes: Uint8Array) => void, RegExp]>([
    ['no channels', (view) => view.setUint16(fmt + 10, 0, true), /0 channels/],
    ['65,535 channels', (view) => view.setUint16(fmt + 10, 65_535, true), /65535 channels/],
    ['no sample rate', (view) => view.setUint32(fmt + 12, 0, true), /0 samples a second/],
    ['4 billion samples a second', (view) => view.setUint32(fmt + 12, 0xffff_ffff, true), /4294967295 samples/],
    ['blocks of another size', (view) => view.setUint16(fmt + 20, 3, true), /contradicts itself/],
    ['an unknown coding', (view) => view.setUint16(fmt + 8, 85, true), /coding 85/],
    ['no sound', (_view, bytes) => bytes.set(Buffer.from('xxxx'), data), /no sound/],
    ['no format', (_view, bytes) => bytes.set(Buffer.from('xxxx'), fmt), /before the header/],
  ])('with %s are refused by name', async (_name, change, reason) => {
    expect(await refusal(changed(file, change))).toMatch(reason);
  });

  it('files that are no WAV, empty ones, and numbers that are not finite are refused', async () => {
    expect(await refusal(new Uint8Array(0))).toMatch(/no WAV file/);
    expect(await refusal(Buffer.from('ID3 something'))).toMatch(/no WAV file/);
    expect(await refusal(file.slice(0, data + 8))).toMatch(/no sound/);
    expect(await refusal(wav([[0, Number.NaN, 0]], { depth: '32f' }))).toMatch(/not finite/);
  });

  it('sounds longer than the limit are refused before they are decoded', () => {
    const long = new Uint8Array(data + 8 + 2 * 115_200_001);
    long.set(file.subarray(0, data + 8));
    const mono = changed(long, (view) => {
      view.setUint16(fmt + 10, 1, true);
      view.setUint16(fmt + 20, 2, true);
      view.setUint32(data + 4, 2 * 115_200_001, true);
    });
    expect(() => readSoundFile(mono)).toThrow(/115200001 samples, at most 115200000/);
  });

  it('never do more than refuse, wherever a byte is wrong', async () => {
    const small = wav([WAVE.subarray(0, 50)]);
    const places = fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(places, fc.nat(small.length), async (changes, length) => {
        const broken = changed(small, (_view, bytes) => {
          for (const [at, value] of changes) bytes[at] = value;
        }).slice(0, length);
        const found = await decodeSound(broken, 16_000).catch((error: unknown) => error);
        if (found instanceof Error) expect(found).toBeInstanceOf(AppError);
      }),
      { numRuns: 300 },
    );
  });
});
