/** How a model's classes meet a project's labels: which control its answers belong to, and what each class is called there. */
import type { Region } from '../core/domain.ts';
import { type JsonObject, stableHash } from '../core/json.ts';
import type { Control, ObjectTag } from '../labelconfig/index.ts';

export interface RegionBinding {
  readonly control: Control;
  /** The object tag that the model looked at: `to_name` of its regions. */
  readonly object: ObjectTag;
  /** Name of the control's label for each class of the model; null where the project has none, and nothing is made of it. */
  readonly labels: readonly (string | null)[];
  /** A TextArea asked for every region: takes what a text reader read in it. */
  readonly transcription?: Control;
  /** Regions below it are left out, 0..1; the control's own `model_score_threshold` counts as well. */
  readonly scoreMin: number;
}

export interface BoundTask {
  readonly data: JsonObject;
  /** Which page or picture of a list was looked at. */
  readonly item?: number;
}

export interface SuggestedRegions {
  readonly regions: readonly Region[];
  /** The least of the regions' scores, as an answer is as sure as its least sure part; null without regions. */
  readonly score: number | null;
}

/** The label of a class, or null when it is unknown, unbound, or too unsure. A control without labels takes any class. */
export function boundLabel(binding: RegionBinding, index: number, score: number): readonly string[] | null {
  const { control, labels } = binding;
  if (score < Math.max(binding.scoreMin, control.scoreThreshold ?? 0)) return null;
  if (control.labels.length === 0 && control.dynamicLabels === null) return [];
  const label = labels[index] ?? null;
  return label === null ? null : [label];
}

/** A region of the binding's control; its id follows from what it says, so that equal answers have equal ids. */
export function boundRegion(
  { control, object }: RegionBinding,
  { item }: BoundTask,
  {
    value,
    labels,
    score,
    more = {},
  }: { value: JsonObject; labels: readonly string[]; score: number; more?: JsonObject },
): Region {
  const region = {
    from_name: control.name,
    to_name: object.name,
    type: control.type,
    value: labels.length === 0 ? value : { ...value, [control.valueKey]: labels },
    ...more,
    ...(item === undefined ? {} : { item_index: item }),
  };
  return { id: regionId(region), ...region, score };
}

/** Longer ones are cut by Label Studio. */
const ID_CHARS = 10;

export function regionId(region: JsonObject): string {
  return stableHash(region).slice(0, ID_CHARS);
}
