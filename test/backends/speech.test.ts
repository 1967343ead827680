import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferencePool } from '../../src/backends/backend.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { decodeSound } from '../../src/backends/sound-decode.ts';
import { speechSegments } from '../../src/backends/speech-segments.ts';
import { seededRandom } from '../../src/core/random.ts';
import { tone, wav } from '../helpers/sounds.ts';
import { describeShared } from './shared.ts';
import { sharedPath } from './shared-models.ts';

const OPTIONS = { startAt: 0.5, stopBelow: 0.35, gapSecondsMin: 0.3, speechSecondsMin: 0.2, leadSeconds: 0.05 };
const clock = (chances: readonly number[]) => ({ windowSeconds: 0.1, seconds: chances.length / 10 });

describe('segments', () => {
  it('begin above one threshold, end below the other, bridge breaths and drop clicks', () => {
    const chances = [0, 0.6, 0.9, 0.4, 0.2, 0.8, 0.9, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0.7, 0.7];
    const segments = speechSegments(chances, clock(chances), OPTIONS);
    expect(segments.map(({ start, end }) => [start.toFixed(2), end.toFixed(2)])).toEqual([
      ['0.05', '0.70'],
      ['1.55', '1.80'],
    ]);
    expect(segments[1]!.score).toBeCloseTo(0.7);
  });

  it('are in order, apart, inside the sound, and cover every window above the start unless it is a click', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 60 }), (chances) => {
        const segments = speechSegments(chances, clock(chances), { ...OPTIONS, speechSecondsMin: 0 });
        segments.forEach(({ start, end }, i) => {
          expect(start).toBeGreaterThanOrEqual(segments[i - 1]?.end ?? 0);
          expect(end).toBeGreaterThan(start);
          expect(end).toBeLessThanOrEqual(chances.length / 10);
        });
        chances.forEach((chance, w) => {
          const at = (w + 0.5) / 10;
          if (chance >= 0.5) expect(segments.some(({ start, end }) => start < at && at < end)).toBe(true);
        });
      }),
    );
  });
});

describe('voice activity', () => {
  let pool: InferencePool;
  beforeAll(() => {
    pool = createInferencePool({ hostsMax: 1 });
  });
  afterAll(() => pool.close());
  const run = (...files: Uint8Array[]) =>
    pool.run(
      'silero-vad',
      files.map((bytes) => ({ bytes })),
      { lane: 'bulk' },
    );

  it('hears nobody in silence and in a tone, and names what is no sound', async () => {
    const { outputs, failed } = await run(wav([new Float64Array(32_000)]), Buffer.from('no'), wav([tone(440, 1)]));
    expect(outputs.segments!.data).toHaveLength(0);
    expect([...outputs.duration!.data]).toEqual([2, 0, 1]);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([[1, 'BACKEND_BAD_ITEM']]);
  });

  it('refuses sounds that would take it minutes', async () => {
    const header = wav([[0]], { rate: 1_000, depth: '8' });
    const { failed } = await run(Buffer.concat([header, Buffer.alloc(1_300_000, 128)]).fill(0xff, 40, 44));
    expect(failed[0]!.error.message).toMatch(/lasts 1300 seconds; the model takes 1200/);
  });

  describeShared('on spoken digits between silences', () => {
    /** Windows are 32 ms long: nobody can say better than that where a word begins. */
    const COLLAR_SECONDS = 0.032;

    it('has precision and recall of at least 0.9 over time, a window around each border left out', async () => {
      const random = seededRandom(5);
      const names = readFileSync(sharedPath('data/audio/fsdd/index.csv'), 'utf8').trim().split('\n').slice(1);
      const clips: { bytes: Uint8Array; seconds: number; speech: (readonly [number, number])[] }[] = [];
      for (let c = 0; c < 12; c++) {
        const parts: number[] = [];
        const speech: (readonly [number, number])[] = [];
        const pause = (): void => {
          const count = Math.round((0.4 + 0.8 * random.next()) * 8_000);
          for (let i = 0; i < count; i++) parts.push((random.next() - 0.5) * 0.002);
        };
        for (let i = 0; i < 6; i++) {
          pause();
          const [file] = names[random.int(names.length)]!.split(',');
          const { samples } = await decodeSound(readFileSync(sharedPath('data/audio/fsdd', file!)), 8_000);
          const [from, to] = audible(samples);
          speech.push([(parts.length + from) / 8_000, (parts.length + to) / 8_000]);
          for (const sample of samples) parts.push(sample);
        }
        pause();
        clips.push({ bytes: wav([parts], { rate: 8_000 }), seconds: parts.length / 8_000, speech });
      }
      const { outputs, failed } = await run(...clips.map(({ bytes }) => bytes));
      expect(failed).toEqual([]);
      const { data, offsets } = outputs.segments!;
      let [both, found, there] = [0, 0, 0];
      clips.forEach(({ speech, seconds }, c) => {
        for (let t = 0.002; t < seconds; t += 0.004) {
          if (speech.some((borders) => borders.some((border) => Math.abs(t - border) < COLLAR_SECONDS))) continue;
          const isSpeech = speech.some(([from, to]) => t >= from && t < to);
          let isFound = false;
          for (let s = offsets![c]!; s < offsets![c + 1]!; s++) isFound ||= t >= data[4 * s]! && t < data[4 * s + 1]!;
          both += Number(isSpeech && isFound);
          found += Number(isFound);
          there += Number(isSpeech);
        }
      });
      expect(both / found).toBeGreaterThanOrEqual(0.9);
      expect(both / there).toBeGreaterThanOrEqual(0.9);
    }, 120_000);
  });
});

/** The recordings have quiet edges: from the first to the last 10 ms that are within 35 dB of the loudest. */
function audible(samples: Float32Array): readonly [from: number, to: number] {
  const levels = Array.from({ length: Math.floor(samples.length / 80) }, (_, i) =>
    samples.subarray(80 * i, 80 * i + 80).reduce((sum, value) => sum + value * value, 0),
  );
  const least = Math.max(...levels) * 10 ** -3.5;
  return [80 * levels.findIndex((level) => level > least), 80 * (levels.findLastIndex((level) => level > least) + 1)];
}
