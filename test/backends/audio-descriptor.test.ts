import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AUDIO_DESCRIPTOR_DIM, describeSound } from '../../src/backends/audio-descriptor.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { tone, wav } from '../helpers/sounds.ts';
import { describeShared } from './shared.ts';
import { sharedPath } from './shared-models.ts';

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, d) => sum + value * b[d]!, 0);
}

const glide = (from: number, to: number, seconds = 0.5, level = 0.5) => {
  const count = Math.round(seconds * 16_000);
  let phase = 0;
  return Float32Array.from({ length: count }, (_, i) => {
    phase += (2 * Math.PI * (from + ((to - from) * i) / count)) / 16_000;
    return level * Math.sign(Math.sin(phase)) * 0.5;
  });
};

describe('audio descriptor', () => {
  it('gives unit rows for any sound, the shortest and silence too', () => {
    const samples = fc.float32Array({ minLength: 1, maxLength: 3_000, min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(samples, (any) => {
        expect(Math.hypot(...describeSound(any))).toBeCloseTo(1, 4);
      }),
      { numRuns: 30 },
    );
    expect(describeSound(new Float32Array(5_000))).toEqual(describeSound(new Float32Array(9_000)));
  });

  it('puts a sound near itself when it is quieter, slower or starts later, and far from another order of the same', () => {
    const rising = describeSound(glide(300, 1_500));
    const late = new Float32Array(12_000);
    late.set(glide(300, 1_500), 4_000);
    const falling = describeSound(glide(1_500, 300));
    for (const same of [glide(300, 1_500, 0.5, 0.1), glide(300, 1_500, 0.7), late]) {
      expect(cosine(rising, describeSound(same))).toBeGreaterThan(cosine(rising, falling) + 0.2);
    }
  });

  it('embeds WAV files through the pool and names what is none', async () => {
    const pool = createInferencePool({ hostsMax: 1 });
    onTestFinished(() => pool.close());
    const items = [wav([tone(440, 0.3)]), Buffer.from('no sound'), wav([tone(440, 0.3)]).slice(0, 30)];
    const { rows, dim, failed } = await pool.embed(
      'audio-descriptor',
      items.map((bytes) => ({ bytes })),
      { lane: 'bulk' },
    );
    expect(dim).toBe(AUDIO_DESCRIPTOR_DIM);
    expect(Math.hypot(...rows.subarray(0, dim))).toBeCloseTo(1, 4);
    expect(failed.map(({ index, error }) => [index, error.code])).toEqual([
      [1, 'BACKEND_BAD_ITEM'],
      [2, 'BACKEND_BAD_ITEM'],
    ]);
  });
});

describeShared('audio descriptor on spoken digits', () => {
  it('finds the digit by its five nearest of 300 others, four voices', async () => {
    const pool = createInferencePool({ hostsMax: 2 });
    onTestFinished(() => pool.close());
    const index = readFileSync(sharedPath('data/audio/fsdd/index.csv'), 'utf8').trim().split('\n').slice(1);
    const clips = index
      .map((line) => line.split(','))
      .filter(([, , , take]) => Number(take) < 10)
      .map(([file, digit, , take]) => ({ file: file!, digit: digit!, isTest: Number(take) < 3 }));
    const items = clips.map(({ file }) => ({ bytes: readFileSync(sharedPath('data/audio/fsdd', file)) }));
    const { rows, dim, failed } = await pool.embed('audio-descriptor', items, { lane: 'bulk' });
    expect(failed).toEqual([]);
    const rowOf = (i: number): Float32Array => rows.subarray(i * dim, (i + 1) * dim);
    const known = clips.flatMap(({ isTest }, i) => (isTest ? [] : [i]));
    const asked = clips.flatMap(({ isTest }, i) => (isTest ? [i] : []));
    const right = asked.filter((i) => {
      const near = known.map((k) => ({ digit: clips[k]!.digit, like: cosine(rowOf(i), rowOf(k)) }));
      const votes = new Map<string, number>();
      for (const { digit, like } of near.sort((a, b) => b.like - a.like).slice(0, 5)) {
        votes.set(digit, (votes.get(digit) ?? 0) + like);
      }
      return [...votes].sort((a, b) => b[1] - a[1])[0]![0] === clips[i]!.digit;
    });
    expect(right.length / asked.length).toBeGreaterThan(0.9);
  }, 60_000);
});
