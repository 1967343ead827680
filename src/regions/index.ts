/** From a model's outputs to regions of a project's config: pure, for whoever asked the model. */
import type { Region } from '../core/domain.ts';
import type { BoundTask, RegionBinding, SuggestedRegions } from './binding.ts';
import { boxRegions } from './boxes.ts';
import { classRegions } from './classes.ts';
import { maskRegions } from './masks.ts';
import type { ItemOutputs } from './outputs.ts';
import { pointRegions } from './points.ts';
import { segmentRegions, spanRegions } from './spans.ts';

export type { BoundTask, RegionBinding, SuggestedRegions } from './binding.ts';
export { sizeOf } from './boxes.ts';
export { type ItemOutput, type ItemOutputs, itemOutputs } from './outputs.ts';
export { type ImagePrompt, promptedRegion, promptOf } from './prompted.ts';

type Reader = (binding: RegionBinding, task: BoundTask, outputs: ItemOutputs) => Region[];

const classes: Reader = (binding, _task, outputs) => classRegions(binding, outputs);

/** Type of a control's regions -> outputs that can answer it, best first. */
const READERS: Readonly<Record<string, readonly (readonly [output: string, reader: Reader])[]>> = {
  choices: [['probabilities', classes]],
  taxonomy: [['probabilities', classes]],
  labels: [
    ['spans', spanRegions],
    ['segments', segmentRegions],
  ],
  rectangle: [['boxes', boxRegions]],
  rectanglelabels: [['boxes', boxRegions]],
  ocrlabels: [['boxes', boxRegions]],
  ellipse: [['boxes', boxRegions]],
  ellipselabels: [['boxes', boxRegions]],
  polygon: [
    ['masks', maskRegions],
    ['boxes', boxRegions],
  ],
  polygonlabels: [
    ['masks', maskRegions],
    ['boxes', boxRegions],
  ],
  keypoint: [['points', pointRegions]],
  keypointlabels: [['points', pointRegions]],
  brush: [['masks', maskRegions]],
  brushlabels: [['masks', maskRegions]],
};

/** Names of the outputs that can answer a control with regions of this type, best first; empty when none can. */
export function outputsFor(type: string): readonly string[] {
  return (READERS[type] ?? []).map(([output]) => output);
}

/**
 * What a model's answer for one task says in the terms of a project: regions in Label Studio's wire form, in percent,
 * UTF-16 offsets or seconds. Nothing below the binding's threshold, nothing of a class that no label stands for; empty
 * when the model has no output that fits the control.
 */
export function regionsOf(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): SuggestedRegions {
  const reader = READERS[binding.control.type]?.find(([output]) => output in outputs)?.[1];
  const regions = reader?.(binding, task, outputs) ?? [];
  const scores = regions.map((region) => Number(region.score));
  return { regions, score: scores.length === 0 ? null : Math.min(...scores) };
}
