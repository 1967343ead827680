/** Label Studio results of choices: read from and written for one control. */
import type { ChoicesControl } from './layout.ts';
import type { Region } from './wire.ts';

/** All chosen labels in a result, whatever control they belong to. */
export function choicesOf(result: readonly Region[]): string[] {
  return result.flatMap((region) => {
    const value = region.value as { choices?: unknown } | undefined;
    const held: readonly unknown[] = Array.isArray(value?.choices) ? value.choices : [];
    // A label inside others is held as its path.
    return held.map((one) => (Array.isArray(one) ? one.at(-1) : one)).filter((one) => typeof one === 'string');
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

/** A result that says these labels; empty for none. As the server writes it: as paths where labels stand inside others. */
export function choicesResult(control: ChoicesControl, labels: readonly string[]): Region[] {
  if (labels.length === 0) return [];
  const nested = control.choices.some(({ path }) => path.length > 1);
  const pathOf = (label: string): readonly string[] => control.choices.find(({ id }) => id === label)?.path ?? [label];
  const choices = nested ? labels.map(pathOf) : [...labels];
  return [{ from_name: control.name, to_name: control.toName, type: 'choices', value: { choices } }];
}
