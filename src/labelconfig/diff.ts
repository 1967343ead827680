/** What a person did to a suggestion, region by region: the signal that corrections teach by. */
import type { AnswerOutcome, Region } from '../core/domain.ts';
import { groupBy } from '../core/group.ts';
import { isJsonObject, stableStringify } from '../core/json.ts';
import { regionOverlap } from './overlap.ts';

/** `moved` and `relabeled` are for regions that have a place, `changed` for answers that have none. */
export type RegionChange = 'accepted' | 'moved' | 'relabeled' | 'changed' | 'added' | 'removed';

export interface RegionDifference {
  readonly change: RegionChange;
  /** In the prediction; null when added. */
  readonly before: Region | null;
  /** In the annotation; null when removed. */
  readonly after: Region | null;
  /** IoU of the two places, 0..1; null without places. A relabeled region may have moved too. */
  readonly overlap: number | null;
}

/** The form in which an annotation keeps its difference. `changed` counts the moved and relabeled ones too. */
export type DifferenceCounts = Readonly<Record<RegionChange, number>>;

/** Two places that share less are two things, not one that moved. */
const SAME_THING_IOU = 0.25;

/** Browsers and models round; a place that agrees this far was not touched. */
const UNMOVED_IOU = 0.999;

/**
 * Compares a suggested `result` with the submitted one. Regions belong together when they answer the same control about
 * the same thing: equal content first, then equal id, then the best overlap, then the only ones left for their control.
 */
export function diffResults(prediction: readonly Region[], annotation: readonly Region[]): RegionDifference[] {
  const pairs = new Map<Region, Region>();
  const left = new Set(prediction);
  const open = () => annotation.filter((region) => !pairs.has(region));
  const pair = (before: Region, after: Region): void => {
    pairs.set(after, before);
    left.delete(before);
  };
  pairByKey([...left], open(), (region) => `${slot(region)} ${content(region)}`, pair);
  pairByKey(
    [...left],
    open(),
    (region) => (typeof region.id === 'string' ? `${slot(region)} ${region.id}` : null),
    pair,
  );
  pairByOverlap([...left], open(), pair);
  pairByKey([...left], open(), (region) => (isWholeTask(region) ? slot(region) : null), pair);

  const kept = annotation.map((after) => compare(pairs.get(after) ?? null, after));
  return [...kept, ...[...left].map((before) => compare(before, null))];
}

type Pair = (before: Region, after: Region) => void;

function pairByKey(
  before: readonly Region[],
  after: readonly Region[],
  keyOf: (region: Region) => string | null,
  pair: Pair,
): void {
  const waiting = groupBy(before, keyOf);
  for (const region of after) {
    const key = keyOf(region);
    const partner = key === null ? undefined : waiting.get(key)?.shift();
    if (partner !== undefined) pair(partner, region);
  }
}

/** Greedy: the two that overlap most belong together, then the next two. */
function pairByOverlap(before: readonly Region[], after: readonly Region[], pair: Pair): void {
  const bySlot = groupBy(before, slot);
  const candidates = after.flatMap((to) =>
    (bySlot.get(slot(to)) ?? []).map((from) => ({ from, to, overlap: regionOverlap(from, to) ?? 0 })),
  );
  const taken = new Set<Region>();
  const near = candidates.filter(({ overlap }) => overlap >= SAME_THING_IOU);
  for (const { from, to } of near.sort((a, b) => b.overlap - a.overlap)) {
    if (taken.has(from) || taken.has(to)) continue;
    taken.add(from).add(to);
    pair(from, to);
  }
}

function compare(before: Region | null, after: Region | null): RegionDifference {
  if (before === null) return { change: 'added', before, after, overlap: null };
  if (after === null) return { change: 'removed', before, after, overlap: null };
  if (content(before) === content(after)) {
    return { change: 'accepted', before, after, overlap: regionOverlap(before, after) };
  }
  const overlap = regionOverlap(before, after);
  if (said(before) !== said(after)) {
    const change = overlap !== null && String(after.type).endsWith('labels') ? 'relabeled' : 'changed';
    return { change, before, after, overlap };
  }
  if (overlap === null) return { change: 'changed', before, after, overlap };
  return { change: overlap >= UNMOVED_IOU ? 'accepted' : 'moved', before, after, overlap };
}

export function countDifference(differences: readonly RegionDifference[]): DifferenceCounts {
  const counts = { accepted: 0, changed: 0, moved: 0, relabeled: 0, added: 0, removed: 0 };
  for (const { change } of differences) {
    counts[change] += 1;
    if (change === 'moved' || change === 'relabeled') counts.changed += 1;
  }
  return counts;
}

/** `unaided` when there was no suggestion, `accepted` when nothing differs, else `changed`. */
export function outcomeOf(prediction: readonly Region[] | null, annotation: readonly Region[]): AnswerOutcome {
  if (prediction === null) return 'unaided';
  const same = diffResults(prediction, annotation).every((one) => one.change === 'accepted');
  return same ? 'accepted' : 'changed';
}

/** Control, object and page that a region is about. */
function slot(region: Region): string {
  return JSON.stringify([
    region.from_name ?? null,
    region.to_name ?? null,
    region.item_index ?? 0,
    region.type ?? null,
  ]);
}

/** Answers whose order says nothing. */
const UNORDERED = new Set(['choices', 'taxonomy']);

const isUnordered = (key: string): boolean => UNORDERED.has(key) || key.endsWith('labels');

/** What a region says, without ids, scores and the marks of tools. */
function content(region: Region): string {
  if (region.type === 'relation') {
    return stableStringify([region.from_id, region.to_id, region.direction, region.labels ?? []]);
  }
  const value = region.value;
  if (!isJsonObject(value)) return stableStringify(value ?? null);
  const sorted = Object.entries(value).map(([key, held]) => [
    key,
    isUnordered(key) && Array.isArray(held) ? held.map(stableStringify).sort() : held,
  ]);
  return stableStringify(Object.fromEntries(sorted));
}

/** Keys of `value` that say where a region is, and nothing else. */
const PLACE_KEYS = new Set(
  (
    'x y width height rotation radiusX radiusY points closed vertices rle format imageDataURL ' +
    'start end startOffset endOffset globalOffsets channel ranges sequence framesCount duration instant'
  ).split(' '),
);

/** The content without the place: labels, choices, words. The text under a span follows from its place. */
function said(region: Region): string {
  const value = isJsonObject(region.value) ? region.value : {};
  const isPlace = (key: string) => PLACE_KEYS.has(key) || (key === 'text' && region.type !== 'textarea');
  const entries = Object.entries(value).filter(([key]) => !isPlace(key));
  return content({ value: Object.fromEntries(entries) });
}

const WHOLE_TASK_TYPES = new Set([
  'choices',
  'taxonomy',
  'pairwise',
  'rating',
  'number',
  'datetime',
  'textarea',
  'ranker',
]);

/** Answers about the task as a whole have no place in it, so there is at most one per control and object. */
function isWholeTask(region: Region): boolean {
  return WHOLE_TASK_TYPES.has(String(region.type)) && placeless(region);
}

/** An answer about a region repeats the region's geometry. */
function placeless(region: Region): boolean {
  return isJsonObject(region.value) && Object.keys(region.value).length === 1;
}
