/**
 * Where a stretch of speech begins and ends by its loudness: models that hear voices notice a word a window late, and a
 * hissed first or last sound ("six") not at all.
 */
import type { Segment } from './speech-segments.ts';

export interface BorderOptions {
  /** Louder than the pauses by this counts as belonging to the speech beside it. */
  readonly riseDb: number;
  /** A border moves outward over what is loud by this much at most: beyond it something else makes the noise. */
  readonly reachSeconds: number;
  /** A border inside a pause moves inward by this much at most. */
  readonly trimSeconds: number;
}

export const FRAME_SECONDS = 0.01;
/** Quiet frames inside a word: the closure before a `t` or a `k` lasts that long. */
const CLOSURE_FRAMES_MAX = 8;
/** Keeps the logarithm of silence finite; below what 24 bits can tell. */
const POWER_MIN = 1e-15;

/** Level in decibels of each whole frame; 0 is a square wave at full scale. */
export function frameLevels(samples: Float32Array, sampleRate: number): Float32Array {
  const length = Math.round(FRAME_SECONDS * sampleRate);
  const levels = new Float32Array(Math.floor(samples.length / length));
  for (let f = 0; f < levels.length; f++) {
    let power = 0;
    for (let i = f * length; i < (f + 1) * length; i++) power += samples[i]! * samples[i]!;
    levels[f] = 10 * Math.log10(power / length + POWER_MIN);
  }
  return levels;
}

/** Moves the borders of segments, which are in order and apart, and stay so. Without a pause to compare with they stay where they are. */
export function refineBorders(
  segments: readonly Segment[],
  levels: Float32Array,
  { riseDb, reachSeconds, trimSeconds }: BorderOptions,
): Segment[] {
  const pause = pauseLevel(segments, levels);
  if (pause === undefined) return [...segments];
  const limit = pause + riseDb;
  const isLoud = (frame: number): boolean => levels[frame]! > limit;
  const [reach, trim] = [reachSeconds / FRAME_SECONDS, trimSeconds / FRAME_SECONDS];
  const refined: Segment[] = [];
  for (const [i, segment] of segments.entries()) {
    const [from, to] = [segment.start, segment.end].map((at) => Math.round(at / FRAME_SECONDS)) as [number, number];
    const first = Math.round((refined.at(-1)?.end ?? 0) / FRAME_SECONDS);
    const last = Math.round((segments[i + 1]?.start ?? levels.length * FRAME_SECONDS) / FRAME_SECONDS);
    // Frames outward from each border, the nearest first.
    const before = loudRun((f) => isLoud(from - 1 - f), Math.min(reach, from - first));
    const after = loudRun((f) => isLoud(to + f), Math.min(reach, last - to));
    const inside = Math.min(trim, (to - from) / 2);
    const start = before > 0 ? from - before : from + quietRun((f) => isLoud(from + f), inside);
    const end = after > 0 ? to + after : to - quietRun((f) => isLoud(to - 1 - f), inside);
    refined.push({ ...segment, start: start * FRAME_SECONDS, end: end * FRAME_SECONDS });
  }
  return refined;
}

/** Median level of the frames in which nobody speaks; undefined when there are none. */
function pauseLevel(segments: readonly Segment[], levels: Float32Array): number | undefined {
  let next = 0;
  const pauses = levels.filter((_, frame) => {
    const at = (frame + 0.5) * FRAME_SECONDS;
    while (segments[next] && segments[next]!.end <= at) next++;
    return !segments[next] || at < segments[next]!.start;
  });
  return pauses.sort()[Math.floor(pauses.length / 2)];
}

/** Frames up to the last loud one of a run with closures in it. */
function loudRun(isLoud: (frame: number) => boolean, framesMax: number): number {
  let run = 0;
  for (let f = 0; f < framesMax && f - run <= CLOSURE_FRAMES_MAX; f++) if (isLoud(f)) run = f + 1;
  return run;
}

function quietRun(isLoud: (frame: number) => boolean, framesMax: number): number {
  let run = 0;
  while (run + 1 <= framesMax && !isLoud(run)) run++;
  return run;
}
