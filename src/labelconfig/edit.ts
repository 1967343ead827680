/** Label edits in the middle of a project: the config changes, and the same change is carried into results. */
import type { Region } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';
import type { Control, LabelConfig } from './model.ts';
import { attribute } from './model.ts';
import { configOf } from './parse.ts';
import { tagRow } from './tags.ts';
import { elementsOf, isElement, type XmlElement, type XmlNode } from './xml.ts';

export type LabelEdit =
  | { readonly kind: 'add'; readonly control: string; readonly label: string; readonly hotkey?: string }
  | { readonly kind: 'rename'; readonly control: string; readonly label: string; readonly to: string }
  | { readonly kind: 'remove'; readonly control: string; readonly label: string }
  /** `label` disappears, what carried it carries `into`, which stays. */
  | { readonly kind: 'merge'; readonly control: string; readonly label: string; readonly into: string };

export function addLabel(config: LabelConfig, control: string, label: string, hotkey?: string): LabelConfig {
  return editLabels(config, { kind: 'add', control, label, ...(hotkey === undefined ? {} : { hotkey }) });
}

export function renameLabel(config: LabelConfig, control: string, label: string, to: string): LabelConfig {
  return editLabels(config, { kind: 'rename', control, label, to });
}

export function removeLabel(config: LabelConfig, control: string, label: string): LabelConfig {
  return editLabels(config, { kind: 'remove', control, label });
}

export function mergeLabels(config: LabelConfig, control: string, label: string, into: string): LabelConfig {
  return editLabels(config, { kind: 'merge', control, label, into });
}

/** The config after one edit. Throws INPUT_BAD_FIELD when the control or label is not there or the new name is taken. */
export function editLabels(config: LabelConfig, edit: LabelEdit): LabelConfig {
  const control = checkEdit(config, edit);
  const child = tagRow(control.tag)?.role === 'control' ? labelTag(control) : 'Label';
  const change = (element: XmlElement): XmlElement => {
    if (edit.kind === 'add') return withLabel(element, child, edit);
    if (edit.kind === 'rename') return mapLabel(element, child, edit.label, (one) => [renamed(one, edit.to)]);
    return mapLabel(element, child, edit.label, () => []);
  };
  const root = mapElement(config.document.root, control.name, change);
  return configOf({ ...config.document, root }, () => ({ line: 1, column: 1 }));
}

/**
 * The same edit on one `result`. Renamed and merged labels are rewritten; a removed label is taken out, and a region
 * that is left without any label goes with it.
 */
export function editResult(control: Control, edit: LabelEdit, result: readonly Region[]): readonly Region[] {
  if (edit.kind === 'add') return result;
  const to = edit.kind === 'rename' ? edit.to : edit.kind === 'merge' ? edit.into : null;
  return result.flatMap((region) => {
    const value = region.value as JsonObject | undefined;
    const held = value?.[control.valueKey];
    if (region.from_name !== control.name || value === undefined || !Array.isArray(held)) return [region];
    if (!held.some((one) => mentions(one, edit.label))) return [region];
    const kept = distinct(held.flatMap((one) => rewrite(one, edit.label, to)));
    return kept.length === 0 ? [] : [{ ...region, value: { ...value, [control.valueKey]: kept } }];
  });
}

function checkEdit(config: LabelConfig, edit: LabelEdit): Control {
  const refuse = (message: string, field: string) =>
    new AppError('INPUT_BAD_FIELD', message, { details: { field, control: edit.control, label: edit.label } });
  const control = config.controls.find((one) => one.name === edit.control);
  if (control === undefined) throw refuse(`There is no control "${edit.control}".`, 'control');
  const has = (name: string) => control.labels.some((label) => label.name === name);
  if (edit.kind !== 'add' && !has(edit.label)) throw refuse(`"${edit.control}" has no label "${edit.label}".`, 'label');
  const fresh = edit.kind === 'add' ? edit.label : edit.kind === 'rename' ? edit.to : null;
  if (fresh?.trim() === '') throw refuse('A label needs a name.', 'label');
  if (fresh !== null && has(fresh)) throw refuse(`"${edit.control}" already has a label "${fresh}".`, 'label');
  if (edit.kind === 'merge' && (!has(edit.into) || edit.into === edit.label)) {
    throw refuse(`"${edit.into}" is not another label of "${edit.control}".`, 'into');
  }
  if ((edit.kind === 'remove' || edit.kind === 'merge') && control.labels.length === 1) {
    throw refuse(`"${edit.label}" is the only label of "${edit.control}".`, 'label');
  }
  return control;
}

function labelTag(control: Control): string {
  const row = tagRow(control.tag);
  const child = row?.role === 'control' ? row.labels : undefined;
  if (child !== undefined) return child;
  throw new AppError('INPUT_BAD_FIELD', `<${control.tag}> has no labels.`, { details: { field: 'control' } });
}

/** The tree with the control called `name` replaced by what `change` makes of it. */
function mapElement(element: XmlElement, name: string, change: (element: XmlElement) => XmlElement): XmlElement {
  const isControl = tagRow(element.tag)?.role === 'control';
  if (isControl && attribute(element.attributes, 'name') === name) return change(element);
  const children = element.children.map((node) => (isElement(node) ? mapElement(node, name, change) : node));
  return { ...element, children };
}

function isLabel(node: XmlNode, tag: string, name: string): node is XmlElement {
  if (!isElement(node) || tagRow(node.tag)?.tag !== tag) return false;
  return (attribute(node.attributes, 'alias') || attribute(node.attributes, 'value')) === name;
}

/** A removed label takes the white space before it along, so that no empty line stays. */
function mapLabel(
  element: XmlElement,
  tag: string,
  name: string,
  change: (label: XmlElement) => XmlElement[],
): XmlElement {
  const children: XmlNode[] = [];
  for (const node of element.children) {
    if (!isElement(node)) {
      children.push(node);
    } else if (isLabel(node, tag, name)) {
      const next = change(node);
      const last = children.at(-1);
      if (next.length === 0 && typeof last === 'string' && last.trim() === '') children.pop();
      children.push(...next);
    } else {
      children.push(mapLabel(node, tag, name, change));
    }
  }
  return { ...element, children };
}

/** What results hold changes: the alias where there is one, else the value. */
function renamed(label: XmlElement, to: string): XmlElement {
  const key = attribute(label.attributes, 'alias') ? 'alias' : 'value';
  const written = Object.keys(label.attributes).find((name) => name.toLowerCase() === key) ?? key;
  return { ...label, attributes: { ...label.attributes, [written]: to } };
}

/** After the last label of the control, on a line of its own if the others are. */
function withLabel(element: XmlElement, tag: string, edit: LabelEdit & { kind: 'add' }): XmlElement {
  const attributes = { value: edit.label, ...(edit.hotkey === undefined ? {} : { hotkey: edit.hotkey }) };
  const label: XmlElement = { tag, attributes, children: [] };
  const labels = elementsOf(element).filter((one) => tagRow(one.tag)?.tag === tag);
  const last = labels.at(-1);
  const at = last === undefined ? element.children.length : element.children.indexOf(last) + 1;
  const before = last === undefined ? undefined : element.children[element.children.indexOf(last) - 1];
  const indent = typeof before === 'string' && before.trim() === '' ? [before] : [];
  return { ...element, children: element.children.toSpliced(at, 0, ...indent, label) };
}

function mentions(held: Json, label: string): boolean {
  return held === label || (Array.isArray(held) && held.includes(label));
}

/** One entry of an answer: a name, or a path through nested labels, which ends where its label was removed. */
function rewrite(held: Json, label: string, to: string | null): Json[] {
  if (held === label) return to === null ? [] : [to];
  if (!Array.isArray(held) || !held.includes(label)) return [held];
  if (to !== null) return [held.map((step: Json) => (step === label ? to : step))];
  const kept = held.slice(0, held.indexOf(label));
  return kept.length === 0 ? [] : [kept];
}

function distinct(values: readonly Json[]): Json[] {
  const keys = values.map((value) => JSON.stringify(value));
  return values.filter((_value, i) => keys.indexOf(keys[i]!) === i);
}
