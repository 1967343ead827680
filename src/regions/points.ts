/** Key points of a model -> KeyPointLabels. */
import type { Region } from '../core/domain.ts';
import { type BoundTask, boundLabel, boundRegion, type RegionBinding } from './binding.ts';
import { imageFields, share, sizeOf } from './boxes.ts';
import { type ItemOutputs, recordsOf } from './outputs.ts';

/** Size of the dot in percent of the picture's width: what Label Studio draws when nobody says. */
const DOT_PERCENT = 0.5;

/** `points`: `x y score label`, shares of the picture. */
export function pointRegions(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): Region[] {
  const size = sizeOf(outputs);
  if (size === null) return [];
  return recordsOf(outputs.points).flatMap(({ x, y, score, label }) => {
    const labels = boundLabel(binding, label!, score!);
    if (labels === null) return [];
    const value = { x: 100 * share(x!), y: 100 * share(y!), width: DOT_PERCENT };
    return [boundRegion(binding, task, { value, labels, score: share(score!), more: imageFields(size) })];
  });
}
