/** Chances of speech, window by window -> the stretches in which somebody speaks. */

export interface SpeechOptions {
  /** Speech begins where the chance reaches this... */
  readonly startAt: number;
  /** ...and goes on until it falls below this. */
  readonly stopBelow: number;
  /** Shorter gaps are breaths inside a stretch, shorter stretches are clicks. */
  readonly gapSecondsMin: number;
  readonly speechSecondsMin: number;
}

export interface Segment {
  /** Seconds. */
  readonly start: number;
  readonly end: number;
  /** Mean chance over its windows. */
  readonly score: number;
}

/** Windows follow one another without gaps, `windowSeconds` each; the last may reach beyond the `seconds` there are. */
export function speechSegments(
  chances: ArrayLike<number>,
  { windowSeconds, seconds }: { windowSeconds: number; seconds: number },
  options: SpeechOptions,
): Segment[] {
  const { startAt, stopBelow, gapSecondsMin, speechSecondsMin } = options;
  const stretches: { from: number; to: number }[] = [];
  let open = false;
  for (let w = 0; w < chances.length; w++) {
    const last = stretches.at(-1);
    if (open && chances[w]! >= stopBelow) last!.to = w + 1;
    else if (chances[w]! < startAt) open = false;
    else {
      open = true;
      const isBreath = last !== undefined && (w - last.to) * windowSeconds < gapSecondsMin;
      if (isBreath) last.to = w + 1;
      else stretches.push({ from: w, to: w + 1 });
    }
  }
  const kept = stretches.filter(({ from, to }) => (to - from) * windowSeconds >= speechSecondsMin);
  return kept.map(({ from, to }) => {
    let sum = 0;
    for (let w = from; w < to; w++) sum += chances[w]!;
    return { start: from * windowSeconds, end: Math.min(seconds, to * windowSeconds), score: sum / (to - from) };
  });
}
