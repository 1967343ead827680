/** Facts of pictures and sounds that rules may ask for, and which of them a condition reads. */
import { EXIF_NAMES } from '../core/exif.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Condition } from './rule.ts';
import { valueAt } from './value-test.ts';

/** What a file must be to have the fact. */
export type FactOf = 'image' | 'audio';

/**
 * Sizes in pixels, of the picture as it is shown; colours and brightness 0..255, brightness as seen (luma of BT.601);
 * duration in seconds; sample rate in hertz.
 */
const FACTS: Readonly<Record<string, FactOf>> = {
  width: 'image',
  height: 'image',
  exif: 'image',
  mean_color: 'image',
  brightness: 'image',
  duration: 'audio',
  sample_rate: 'audio',
};

/** Facts that cost decoding the file; all others stand in its header. */
export const PIXEL_FACTS: readonly string[] = ['mean_color', 'brightness'];

export const FACT_PATHS: readonly string[] = [
  'width',
  'height',
  'mean_color.0',
  'mean_color.1',
  'mean_color.2',
  'brightness',
  'duration',
  'sample_rate',
  ...EXIF_NAMES.map((name) => `exif.${name}`),
];

/** First part of the path: what is known, or not, of a file as a whole. */
export function factName(path: string): string {
  return path.split('.', 1)[0]!;
}

/** What a file must be to have it; undefined for a path that is no fact. */
export function factOf(path: string): FactOf | undefined {
  return FACT_PATHS.includes(path) ? FACTS[factName(path)] : undefined;
}

/** The fact at a path; null when it is not known, or the file does not have it. */
export function factAt(facts: JsonObject | undefined, path: string): Json {
  return valueAt(facts, path.split('.')) ?? null;
}

/** The condition and all conditions inside it. */
export function conditionsIn(condition: Condition): readonly Condition[] {
  if (condition.kind === 'near')
    return [condition, ...conditionsIn(condition.first), ...conditionsIn(condition.second)];
  if (!('of' in condition)) return [condition];
  return [condition, ...[condition.of].flat().flatMap(conditionsIn)];
}

/** Paths of the facts that a condition reads, each once. */
export function factsIn(condition: Condition): string[] {
  return [...new Set(conditionsIn(condition).flatMap((one) => (one.kind === 'fact' ? [one.path] : [])))];
}
