/** Spans of token classifiers and segments of sound models -> Labels. */
import type { Region } from '../core/domain.ts';
import { valueAt } from '../labelconfig/index.ts';
import { type BoundTask, boundLabel, boundRegion, type RegionBinding } from './binding.ts';
import { share } from './boxes.ts';
import { type ItemOutputs, recordsOf } from './outputs.ts';

/** `spans`: `start end score label`, UTF-16 offsets into the text that the object tag shows, `end` exclusive. */
export function spanRegions(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): Region[] {
  const { field } = binding.object;
  const shown = field === null ? undefined : valueAt(task.data, field);
  if (typeof shown !== 'string') return [];
  return recordsOf(outputs.spans).flatMap(({ start, end, score, label }) => {
    const labels = boundLabel(binding, label!, score!);
    if (labels === null || end! > shown.length) return [];
    const value = { start: start!, end: end!, text: shown.slice(start, end) };
    return [boundRegion(binding, task, { value, labels, score: share(score!) })];
  });
}

/** `segments`: `start end score label` in seconds. `duration` (one number) is the length of the whole sound. */
export function segmentRegions(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): Region[] {
  const seconds = outputs.duration?.data[0];
  const more = seconds === undefined ? {} : { original_length: seconds };
  return recordsOf(outputs.segments).flatMap(({ start, end, score, label }) => {
    const labels = boundLabel(binding, label!, score!);
    if (labels === null) return [];
    const value = { start: milliseconds(start!), end: milliseconds(end!), channel: 0 };
    return [boundRegion(binding, task, { value, labels, score: share(score!), more })];
  });
}

/** 32-bit floats are good for that much, and people read it. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
