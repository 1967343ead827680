/** One suggestion out of those of several controls. */
import type { Region } from '../../core/domain.ts';
import { type Condition, choicesOfResult, type LabelConfig } from '../../labelconfig/index.ts';

interface Part {
  readonly result: readonly Region[];
  readonly score: number | null;
}

/**
 * The first part that is shown, with the regions of all that are: as sure as its least sure part, and of unknown sureness
 * when one part's is. Controls that the others' answers hide are left out; null when nothing is left.
 */
export function merged<T extends Part>(config: LabelConfig, parts: readonly T[]): T | null {
  const all = parts.flatMap((part) => part.result);
  const shown = parts.filter((part) => part.result.every((region) => isShown(config, region, all)));
  const [first] = shown;
  if (!first) return null;
  const scores = shown.map((part) => part.score);
  const score = scores.some((one) => one === null) ? null : Math.min(...scores.map(Number));
  return { ...first, result: shown.flatMap((part) => part.result), score };
}

function isShown({ controls }: LabelConfig, region: Region, result: readonly Region[]): boolean {
  const control = controls.find(({ name }) => name === region.from_name);
  return (control?.conditions ?? []).every((condition) => holds(controls, condition, result));
}

/** Conditions on regions never hold for an answer about the whole task. */
function holds(
  controls: LabelConfig['controls'],
  { when, tag, choice }: Condition,
  result: readonly Region[],
): boolean {
  if (when !== 'choice-selected' && when !== 'choice-unselected') return false;
  const asked = controls.find(({ name }) => name === tag);
  const chosen = asked ? choicesOfResult(asked, result) : [];
  const wanted = choice?.split(',').map((one) => one.trim());
  const isChosen = wanted ? wanted.some((one) => chosen.includes(one)) : chosen.length > 0;
  return isChosen === (when === 'choice-selected');
}
