/** Which questions an item asks, given what has been answered so far. */
import type { ChoicesControl, Condition } from '../layout.ts';

/** Labels by name of control. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** The controls that are asked; a control that is not asked counts as not answered. */
export function askedOf(controls: readonly ChoicesControl[], labels: Labels): readonly ChoicesControl[] {
  const isAsked = (control: ChoicesControl, seen: readonly string[]): boolean =>
    control.conditions.every((condition) => holds(condition, seen));
  const holds = ({ control, labels: wanted, selected }: Condition, seen: readonly string[]): boolean => {
    const other = controls.find((one) => one.name === control);
    // Conditions that go round in a circle hold for nobody.
    const counts = other !== undefined && !seen.includes(control) && isAsked(other, [...seen, control]);
    const chosen = counts ? (labels[control] ?? []) : [];
    const isChosen = wanted === null ? chosen.length > 0 : wanted.some((one) => chosen.includes(one));
    return isChosen === selected;
  };
  return controls.filter((control) => isAsked(control, [control.name]));
}
