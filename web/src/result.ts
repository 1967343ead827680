/** Label Studio results of choices: read from and written for one control. */
import type { Region } from './wire.ts';

/** All chosen labels in a result, whatever control they belong to. */
export function choicesOf(result: readonly Region[]): string[] {
  return result.flatMap((region) => {
    const value = region.value as { choices?: unknown } | undefined;
    return Array.isArray(value?.choices) ? value.choices.filter((one): one is string => typeof one === 'string') : [];
  });
}

/** The labels chosen for this control. */
export function choicesFor(result: readonly Region[], control: string): string[] {
  return choicesOf(result.filter((region) => region.from_name === control));
}

/** How sure the suggestion is of what it says for this control; null when it does not say. */
export function scoreFor(result: readonly Region[], control: string): number | null {
  const score = result.find((region) => region.from_name === control)?.score;
  return typeof score === 'number' ? score : null;
}

/** A result that says these labels; empty for none. */
export function choicesResult(control: string, toName: string, labels: readonly string[]): Region[] {
  if (labels.length === 0) return [];
  return [{ from_name: control, to_name: toName, type: 'choices', value: { choices: [...labels] } }];
}
