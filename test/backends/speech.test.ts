import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InferencePool } from '../../src/backends/backend.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { decodeSound } from '../../src/backends/sound-decode.ts';
import { frameLevels, refineBorders } from '../../src/backends/speech-borders.ts';
import { speechSegments } from '../../src/backends/speech-segments.ts';
import { seededRandom } from '../../src/core/random.ts';
import { tone, wav } from '../helpers/sounds.ts';
import { describeShared } from './shared.ts';
import { sharedPath } from './shared-models.ts';

const OPTIONS = { startAt: 0.5, stopBelow: 0.35, gapSecondsMin: 0.3, speechSecondsMin: 0.2 };
const clock = (chances: readonly number[]) => ({ windowSeconds: 0.1, seconds: chances.length / 10 });

describe('segments', () => {
  it('begin above one threshold, end below the other, bridge breaths and drop clicks', () => {
    const chances = [0, 0.6, 0.9, 0.4, 0.2, 0.8, 0.9, 0, 0, 0, 0, 0.9, 0, 0, 0, 0, 0.7, 0.7];
    const segments = speechSegments(chances, clock(chances), OPTIONS);
    expect(segments.map(({ start, end }) => [start.toFixed(2), end.toFixed(2)])).toEqual([
      ['0.10', '0.70'],
      ['1.60', '1.80'],
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

describe('borders', () => {
  const MOVES = { riseDb: 6, reachSeconds: 0.2, trimSeconds: 0.05 };
  /** Half a second of each, as levels of 10 ms. */
  const levelsOf = (...decibels: number[]) => Float32Array.from(decibels.flatMap((level) => new Array(50).fill(level)));
  const borders = (segments: readonly (readonly [number, number])[], levels: Float32Array) =>
    refineBorders(
      segments.map(([start, end]) => ({ start, end, score: 1 })),
      levels,
      MOVES,
    ).map(({ start, end }) => [start.toFixed(2), end.toFixed(2)]);

  it('move out to where the sound rises above the pauses, and in from where it does not', () => {
    expect(borders([[0.65, 1.04]], levelsOf(-60, -20, -60))).toEqual([['0.50', '1.00']]);
  });

  it('move out no further than they may, and not into a neighbour', () => {
    const levels = levelsOf(-60, -20, -20, -60, -60);
    expect(borders([[0.9, 1.1]], levels)).toEqual([['0.70', '1.30']]);
    const close: [number, number][] = [
      [0.6, 0.9],
      [1, 1.4],
    ];
    expect(borders(close, levels)).toEqual([
      ['0.50', '1.00'],
      ['1.00', '1.50'],
    ]);
  });

  it('stay where there is no pause to compare with', () => {
    expect(borders([[0, 1]], levelsOf(-20, -30))).toEqual([['0.00', '1.00']]);
  });

  it('come from levels in decibels of full scale', () => {
    expect([...frameLevels(Float32Array.of(...new Array(160).fill(0.1), 0), 16_000)]).toEqual([expect.closeTo(-20, 3)]);
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

  /** Six digits a sound between pauses; speech is the whole of each recording, from its first sample to its last. */
  async function spokenDigits(files: readonly string[], seed: string, hiss: number) {
    const random = seededRandom(seed);
    const noise = (): number => hiss * (2 * random.next() - 1);
    const sounds: { bytes: Uint8Array; speech: (readonly [number, number])[] }[] = [];
    for (let s = 0; s < 12; s++) {
      const parts: number[] = [];
      const speech: (readonly [number, number])[] = [];
      const pause = (): void => {
        for (let left = Math.round((0.4 + 0.8 * random.next()) * 8_000); left > 0; left--) parts.push(noise());
      };
      for (let d = 0; d < 6; d++) {
        pause();
        const file = sharedPath('data/audio/fsdd', files[random.int(files.length)]!);
        const { samples } = await decodeSound(readFileSync(file), 8_000);
        speech.push([parts.length / 8_000, (parts.length + samples.length) / 8_000]);
        for (const sample of samples) parts.push(sample);
      }
      pause();
      sounds.push({ bytes: wav([parts], { rate: 8_000 }), speech });
    }
    return sounds;
  }

  /** Over time, to the last millisecond. */
  async function overTime(sounds: Awaited<ReturnType<typeof spokenDigits>>) {
    const { outputs, failed } = await run(...sounds.map(({ bytes }) => bytes));
    expect(failed).toEqual([]);
    const { data, offsets } = outputs.segments!;
    let [both, found, there] = [0, 0, 0];
    sounds.forEach(({ speech }, s) => {
      there += speech.reduce((sum, [from, to]) => sum + to - from, 0);
      for (let record = offsets![s]!; record < offsets![s + 1]!; record++) {
        const [start, end] = [data[4 * record]!, data[4 * record + 1]!];
        found += end - start;
        for (const [from, to] of speech) both += Math.max(0, Math.min(end, to) - Math.max(start, from));
      }
    });
    return { precision: both / found, recall: both / there };
  }

  describeShared('on spoken digits between pauses', () => {
    // Thresholds and borders were chosen on the recordings with an even number.
    const files = (): string[] =>
      readFileSync(sharedPath('data/audio/fsdd/index.csv'), 'utf8')
        .trim()
        .split('\n')
        .slice(1)
        .flatMap((line, i) => (i % 2 === 1 ? [line.split(',')[0]!] : []));

    it('has precision and recall of at least 0.9 over time', async () => {
      const { precision, recall } = await overTime(await spokenDigits(files(), 'digits', 0.001));
      expect(precision).toBeGreaterThanOrEqual(0.9);
      expect(recall).toBeGreaterThanOrEqual(0.9);
    }, 120_000);
  });
});
