/** Classification answers as regions, and back: the shape that heads, votes and the queue work with. */

import type { Region } from '../core/domain.ts';
import { stableHash } from '../core/json.ts';
import type { Control } from './model.ts';

export interface ChoiceRegionOptions {
  /** 0..1. */
  readonly score?: number;
  /** At most 10 characters; derived from the content when left out, so that equal answers have equal ids. */
  readonly id?: string;
}

/**
 * A `choices` region that sets `names` (as `labelsOf` gives them). Labels of nested choices and taxonomies are written
 * as their whole path.
 */
export function regionFromChoice(
  control: Control,
  names: string | readonly string[],
  options: ChoiceRegionOptions = {},
): Region {
  const chosen = typeof names === 'string' ? [names] : names;
  const nested = control.type === 'taxonomy' || control.labels.some((label) => label.path.length > 1);
  const answer = nested ? chosen.map((name) => pathOf(control, name)) : chosen;
  const region: Region = {
    from_name: control.name,
    to_name: control.toName[0] ?? control.name,
    type: control.type,
    value: { [control.valueKey]: answer },
  };
  const id = options.id ?? stableHash(region).slice(0, 10);
  return { id, ...region, ...(options.score === undefined ? {} : { score: options.score }) };
}

function pathOf(control: Control, name: string): readonly string[] {
  return control.labels.find((label) => label.name === name)?.path ?? [name];
}

/**
 * The names chosen for a control over a whole `result`, each once; a path counts as its last step. Empty when the
 * control was not answered. Answers about single regions are left out.
 */
export function choicesOfResult(control: Control, result: readonly Region[]): string[] {
  if (control.scope === 'region') return [];
  const chosen = result
    .filter((region) => region.from_name === control.name && region.type === control.type)
    .flatMap((region) => namesIn(region, control.valueKey));
  return [...new Set(chosen)];
}

/** The label names a region holds under `valueKey`. */
export function namesIn(region: Region, valueKey: string): string[] {
  const { value } = region;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const held = (value as Region)[valueKey];
  if (typeof held === 'string') return [held];
  if (!Array.isArray(held)) return [];
  return held.map((one: unknown) => (Array.isArray(one) ? one.at(-1) : one)).filter((one) => typeof one === 'string');
}
