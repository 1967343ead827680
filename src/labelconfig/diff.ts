/** What a person did to a suggestion, region by region: the signal that corrections teach by. */
import type { AnswerOutcome, Region } from '../core/domain.ts';
import { stableStringify } from '../core/json.ts';

export type RegionChange = 'accepted' | 'changed' | 'added' | 'removed';

export interface RegionDifference {
  readonly change: RegionChange;
  /** In the prediction; null when added. */
  readonly before: Region | null;
  /** In the annotation; null when removed. */
  readonly after: Region | null;
}

/** Counts of each change, the form in which an annotation keeps its difference. */
export type DifferenceCounts = Readonly<Record<RegionChange, number>>;

/**
 * Compares a suggested `result` with the submitted one. Regions belong together when they answer the same control about
 * the same thing: equal content first, then equal id, then the only ones left for their control and object.
 */
export function diffResults(prediction: readonly Region[], annotation: readonly Region[]): RegionDifference[] {
  const pairs = new Map<Region, Region>();
  const left = new Set(prediction);
  const pairBy = (keyOf: (region: Region) => string | null): void => {
    const open = new Map<string, Region[]>();
    for (const region of left) {
      const key = keyOf(region);
      if (key !== null) open.set(key, [...(open.get(key) ?? []), region]);
    }
    for (const after of annotation) {
      const key = pairs.has(after) ? null : keyOf(after);
      const before = key === null ? undefined : open.get(key)?.shift();
      if (before === undefined) continue;
      pairs.set(after, before);
      left.delete(before);
    }
  };
  pairBy((region) => `${slot(region)} ${content(region)}`);
  pairBy((region) => (typeof region.id === 'string' ? `${slot(region)} ${region.id}` : null));
  pairBy((region) => (isWholeTask(region) ? slot(region) : null));

  const kept = annotation.map((after): RegionDifference => {
    const before = pairs.get(after) ?? null;
    if (before === null) return { change: 'added', before, after };
    return { change: content(before) === content(after) ? 'accepted' : 'changed', before, after };
  });
  const removed = [...left].map((before): RegionDifference => ({ change: 'removed', before, after: null }));
  return [...kept, ...removed];
}

export function countDifference(differences: readonly RegionDifference[]): DifferenceCounts {
  const counts = { accepted: 0, changed: 0, added: 0, removed: 0 };
  for (const one of differences) counts[one.change] += 1;
  return counts;
}

/** `unaided` when there was no suggestion, `accepted` when nothing differs, else `changed`. */
export function outcomeOf(prediction: readonly Region[] | null, annotation: readonly Region[]): AnswerOutcome {
  if (prediction === null) return 'unaided';
  const { changed, added, removed } = countDifference(diffResults(prediction, annotation));
  return changed + added + removed === 0 ? 'accepted' : 'changed';
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

/** What a region says, without ids, scores and the marks of tools. Order of choices does not matter. */
function content(region: Region): string {
  if (region.type === 'relation') {
    return stableStringify([region.from_id, region.to_id, region.direction, region.labels ?? []]);
  }
  const value = region.value;
  if (typeof value !== 'object' || value === null) return stableStringify(value);
  const sorted = Object.entries(value).map(([key, held]) => [
    key,
    UNORDERED.has(key) && Array.isArray(held) ? held.map(stableStringify).sort() : held,
  ]);
  return stableStringify(Object.fromEntries(sorted));
}

const UNORDERED = new Set(['choices', 'taxonomy', 'labels']);

/** Answers about the task as a whole have no place in it, so there is at most one per control and object. */
function isWholeTask(region: Region): boolean {
  return WHOLE_TASK_TYPES.has(String(region.type)) && region.parentID === undefined;
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
