/** Sound embedding without a model: which timbre when. Gives sounds neighbours from the first minute. */
import FFT from 'fft.js';
import { AppError } from '../core/errors.ts';
import type { LoadedModel, ModelRuntime } from './runtime.ts';
import { decodeSound } from './sound-decode.ts';
import { normaliseRow } from './token-plan.ts';

/** Samples a second that are looked at: up to 8 kHz, where speech, animals and machines differ. */
export const DESCRIPTOR_RATE = 16_000;
/** Windows of 32 ms, a new one every 10 ms. */
const WINDOW = 512;
const HOP = 160;
const BANDS = 40;
const BAND_RANGE = { low: 60, high: 7_600 } as const;
/** Coefficients of the log spectrum's shape (MFCC 1 to 13); its level, coefficient 0, is how near the microphone was. */
const SHAPES = 13;
/** Width of the lifter. */
const LIFTER = 22;
/** Equal parts of the time between the first and the last loud window. */
const PARTS = 8;
/** Silence before and after: quieter than the loudest window by this many decibels. */
const SILENCE_DB = 40;
/** Only the first ten minutes are looked at: what a sound is shows by then. */
const WINDOWS_MAX = 60_000;

/** Mean shape in each part of the time, its change from part to part, mean and spread over all, length. */
const LAYOUT = { parts: PARTS * SHAPES, changes: (PARTS - 1) * SHAPES, mean: SHAPES, spread: SHAPES } as const;
export const AUDIO_DESCRIPTOR_DIM = LAYOUT.parts + LAYOUT.changes + LAYOUT.mean + LAYOUT.spread;

/** Shares of the pieces in the squared distance of two sounds. */
const WEIGHTS = { parts: 0.5, changes: 0.3, mean: 0.1, spread: 0.1 };

export const audioDescriptorRuntime: ModelRuntime = {
  async load(): Promise<LoadedModel> {
    return {
      device: 'javascript',
      async run(items) {
        const data = new Float32Array(items.length * AUDIO_DESCRIPTOR_DIM);
        const failed = [];
        for (const [index, item] of items.entries()) {
          try {
            const bytes = 'bytes' in item ? item.bytes : new Uint8Array(0);
            const { samples } = await decodeSound(bytes, DESCRIPTOR_RATE);
            data.set(describeSound(samples), index * AUDIO_DESCRIPTOR_DIM);
          } catch (error) {
            if (!(error instanceof AppError)) throw error;
            failed.push({ index, error: error.toPlain() });
          }
        }
        return { outputs: { embedding: { data } }, failed };
      },
      release: () => undefined,
    };
  },
};

/**
 * Samples at 16 kHz -> unit row: mel-frequency cepstral coefficients (Davis and Mermelstein, 1980), averaged over parts
 * of the time so that the order of sounds counts and the pace does not. Silence and sounds of any length give a row.
 */
export function describeSound(samples: Float32Array): Float32Array {
  const { shapes, levels } = spectralShapes(samples);
  const [first, last] = loudStretch(levels);
  const row = new Float32Array(AUDIO_DESCRIPTOR_DIM);
  if (levels.every((level) => level <= SILENT_LEVEL)) {
    // Silence has no shape but that of rounding errors: all of it is alike, and like nothing else.
    row[0] = 1;
    return row;
  }
  const parts = row.subarray(0, LAYOUT.parts);
  const changes = row.subarray(LAYOUT.parts, LAYOUT.parts + LAYOUT.changes);
  const mean = row.subarray(AUDIO_DESCRIPTOR_DIM - LAYOUT.mean - LAYOUT.spread, AUDIO_DESCRIPTOR_DIM - LAYOUT.spread);
  const spread = row.subarray(AUDIO_DESCRIPTOR_DIM - LAYOUT.spread);
  for (let part = 0; part < PARTS; part++) {
    averageOf(shapes, first, last, part, parts.subarray(part * SHAPES, (part + 1) * SHAPES));
  }
  for (let i = 0; i < changes.length; i++) changes[i] = parts[i + SHAPES]! - parts[i]!;
  spreadOf(shapes.subarray(first * SHAPES, last * SHAPES), mean, spread);
  scalePiece(parts, WEIGHTS.parts);
  scalePiece(changes, WEIGHTS.changes);
  scalePiece(mean, WEIGHTS.mean);
  scalePiece(spread, WEIGHTS.spread);
  normaliseRow(row);
  return row;
}

/** Per window the shape of its spectrum (windows x 13) and its level in decibels. */
function spectralShapes(samples: Float32Array): { shapes: Float32Array; levels: Float32Array } {
  const count = Math.min(WINDOWS_MAX, 1 + Math.max(0, Math.floor((samples.length - WINDOW) / HOP)));
  const shapes = new Float32Array(count * SHAPES);
  const levels = new Float32Array(count);
  const fft = new FFT(WINDOW);
  const input = new Array<number>(WINDOW);
  const spectrum = fft.createComplexArray();
  const bands = new Float64Array(BANDS);
  for (let w = 0; w < count; w++) {
    for (let i = 0; i < WINDOW; i++) input[i] = (samples[w * HOP + i] ?? 0) * HANN[i]!;
    fft.realTransform(spectrum, input);
    bandEnergies(spectrum, bands);
    levels[w] = 10 * Math.log10(bands.reduce((sum, energy) => sum + energy, FLOOR));
    for (let k = 0; k < SHAPES; k++) {
      let sum = 0;
      for (let b = 0; b < BANDS; b++) sum += COSINES[k * BANDS + b]! * Math.log(bands[b]! + FLOOR);
      shapes[w * SHAPES + k] = sum;
    }
  }
  return { shapes, levels };
}

/** Energy below which nothing is heard: 16-bit noise. */
const FLOOR = 1e-6;
const SILENT_LEVEL = 10 * Math.log10(2 * FLOOR);

const HANN = Float64Array.from({ length: WINDOW }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (WINDOW - 1)));

/** Discrete cosines 1 to 13, lifted so that the fine ones, which are smaller, count as much as the coarse ones. */
const COSINES = Float64Array.from({ length: SHAPES * BANDS }, (_, at) => {
  const [k, b] = [Math.floor(at / BANDS) + 1, at % BANDS];
  const lift = 1 + (LIFTER / 2) * Math.sin((Math.PI * k) / LIFTER);
  return lift * Math.cos((Math.PI * k * (b + 0.5)) / BANDS);
});

function bandEnergies(spectrum: readonly number[], into: Float64Array): void {
  into.fill(0);
  for (const { bin, band, share } of FILTERS) {
    into[band]! += share * (spectrum[2 * bin]! ** 2 + spectrum[2 * bin + 1]! ** 2);
  }
}

/** Triangles of equal width in mel, each from the middle of its left neighbour to the middle of its right one. */
const FILTERS = (() => {
  const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
  const step = (mel(BAND_RANGE.high) - mel(BAND_RANGE.low)) / (BANDS + 1);
  const filters: { bin: number; band: number; share: number }[] = [];
  for (let bin = 0; bin < WINDOW / 2; bin++) {
    const place = (mel((bin * DESCRIPTOR_RATE) / WINDOW) - mel(BAND_RANGE.low)) / step - 1;
    for (let band = Math.max(0, Math.ceil(place - 1)); band < Math.min(BANDS, place + 1); band++) {
      filters.push({ bin, band, share: 1 - Math.abs(place - band) });
    }
  }
  return filters;
})();

/** First window that is not silent, and the one behind the last; all of them where everything is equally quiet. */
function loudStretch(levels: Float32Array): readonly [first: number, last: number] {
  const loudest = levels.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const isLoud = (level: number): boolean => level > loudest - SILENCE_DB;
  return [levels.findIndex(isLoud), levels.findLastIndex(isLoud) + 1];
}

/** Mean shape of a part; sounds shorter than the parts are read at the nearest window. */
function averageOf(shapes: Float32Array, first: number, last: number, part: number, into: Float32Array): void {
  const length = last - first;
  const from = first + Math.min(length - 1, Math.floor((part * length) / PARTS));
  const to = Math.max(from + 1, first + Math.floor(((part + 1) * length) / PARTS));
  for (let w = from; w < to; w++) for (let k = 0; k < SHAPES; k++) into[k]! += shapes[w * SHAPES + k]! / (to - from);
}

function spreadOf(shapes: Float32Array, mean: Float32Array, spread: Float32Array): void {
  const count = shapes.length / SHAPES;
  for (let i = 0; i < shapes.length; i++) mean[i % SHAPES]! += shapes[i]! / count;
  for (let i = 0; i < shapes.length; i++) spread[i % SHAPES]! += (shapes[i]! - mean[i % SHAPES]!) ** 2 / count;
  for (let k = 0; k < SHAPES; k++) spread[k] = Math.sqrt(spread[k]!);
}

/** To a length whose square is the piece's share. */
function scalePiece(piece: Float32Array, share: number): void {
  normaliseRow(piece);
  const factor = Math.sqrt(share);
  for (let i = 0; i < piece.length; i++) piece[i]! *= factor;
}
