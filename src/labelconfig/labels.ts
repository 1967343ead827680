/** Labels of a control, also those that come with the task, and the label a foreign name means. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { valueAt } from './fields.ts';
import type { Control, Label, LabelConfig } from './model.ts';

/** Names as results hold them (alias before value), in document order. */
export function labelsOf(control: Control): string[] {
  return control.labels.map((label) => label.name);
}

export function controlNamed(config: LabelConfig, name: string): Control | undefined {
  return config.controls.find((control) => control.name === name);
}

/**
 * The control's labels for one task: its own plus those in the task's data (`value="$labels"`).
 * Null when they live behind an address and cannot be known here.
 */
export function labelsForTask(control: Control, data: JsonObject): readonly Label[] | null {
  if (control.dynamicLabels === null) return control.labels;
  if (control.dynamicLabels.from === 'url') return null;
  const given = valueAt(data, control.dynamicLabels.source);
  return [...control.labels, ...dynamicLabels(given, [])];
}

/** `["A"]`, `[{"value","alias","background","children"}]`, `{"A": {...}}` or `"A"`, as Label Studio takes them. */
function dynamicLabels(given: Json | undefined, parents: readonly string[]): Label[] {
  if (typeof given === 'string') return dynamicLabels([given], parents);
  if (!Array.isArray(given)) return [];
  return (given as readonly Json[]).flatMap((item) => {
    const attributes = isJsonObject(item) ? item : { value: item };
    const value = attributes.value ?? attributes.alias;
    if (typeof value !== 'string') return [];
    const label = dynamicLabel(attributes, value, parents);
    return [label, ...dynamicLabels(attributes.children, label.path)];
  });
}

function dynamicLabel(attributes: JsonObject, value: string, parents: readonly string[]): Label {
  const text = (key: string) => (typeof attributes[key] === 'string' ? attributes[key] : null);
  const alias = text('alias');
  const strings = Object.entries(attributes).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return {
    name: alias ?? value,
    value,
    alias,
    hotkey: text('hotkey'),
    background: text('background'),
    path: [...parents, alias ?? value],
    predictedValues: [],
    attributes: Object.fromEntries(strings),
  };
}

/**
 * The label that a name from outside means: exact name, then `predicted_values`, then the shown value, then any of them
 * whatever the case. Undefined when none fits or several do.
 */
export function matchLabel(labels: readonly Label[], given: string): Label | undefined {
  const exact = labels.find((label) => label.name === given);
  if (exact !== undefined) return exact;
  const wanted = given.trim().toLowerCase();
  const tests: ((label: Label) => boolean)[] = [
    (label) => label.predictedValues.includes(given),
    (label) => label.value === given,
    (label) => label.name.toLowerCase() === wanted || label.value.toLowerCase() === wanted,
    (label) => label.predictedValues.some((value) => value.toLowerCase() === wanted),
  ];
  for (const test of tests) {
    const found = labels.filter(test);
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
  }
  return undefined;
}
