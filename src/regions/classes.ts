/** Class probabilities -> the answer of a classification control. */
import type { Region } from '../core/domain.ts';
import { regionFromChoice } from '../labelconfig/index.ts';
import type { RegionBinding } from './binding.ts';
import { share } from './boxes.ts';
import type { ItemOutputs } from './outputs.ts';

/** From here on a class is more likely than not: for controls that take several. */
const LIKELY = 0.5;

/**
 * `probabilities` (classes). Classes that mean the same label count together where one may be chosen; where several may,
 * each class is a question of its own and the most sure one speaks for the label.
 */
export function classRegions(binding: RegionBinding, outputs: ItemOutputs): Region[] {
  const row = outputs.probabilities?.data;
  if (!row) return [];
  const { control, labels, object } = binding;
  const scores = new Map<string, number>();
  row.forEach((value, index) => {
    const label = labels[index];
    if (typeof label !== 'string') return;
    const before = scores.get(label) ?? 0;
    scores.set(label, control.multiple ? Math.max(before, value) : before + value);
  });
  const chosen = control.multiple ? [...scores].filter(([, score]) => score >= LIKELY) : best(scores);
  if (chosen.length === 0) return [];
  const score = share(Math.min(...chosen.map(([, one]) => one)));
  if (score < Math.max(binding.scoreMin, control.scoreThreshold ?? 0)) return [];
  const names = chosen.map(([name]) => name);
  return [{ ...regionFromChoice(control, names, { score }), to_name: object.name }];
}

function best(scores: ReadonlyMap<string, number>): (readonly [string, number])[] {
  const sorted = [...scores].sort((a, b) => b[1] - a[1]);
  return sorted.slice(0, 1);
}
