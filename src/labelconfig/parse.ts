/** Label Studio XML to `LabelConfig`. */
import {
  type Attributes,
  attribute,
  type Condition,
  type Control,
  type DynamicLabels,
  flag,
  type Label,
  type LabelConfig,
  type ObjectTag,
  type Repeater,
} from './model.ts';
import { type ControlRow, type ObjectRow, tagRow } from './tags.ts';
import { elementsOf, parseXml, type XmlDocument, type XmlElement, type XmlPlace, xmlError } from './xml.ts';

export interface ParseOptions {
  /** Accept a config that asks nothing, such as the `<View></View>` of protocol probes. */
  readonly allowNoControl?: boolean;
}

type PlaceOf = (element: XmlElement) => XmlPlace;

/** What an element inherits from the ones around it. */
interface Scope {
  readonly conditions: readonly Condition[];
  readonly repeater: Repeater | null;
}

interface Found<Row> {
  readonly element: XmlElement;
  readonly row: Row;
  readonly scope: Scope;
}

/**
 * Parses Label Studio's labeling interface. Unknown tags and attributes are kept in `document`.
 * Throws LABELCONFIG_BAD_XML, _FORBIDDEN_XML, _BAD_TAG, _NO_CONTROL and LIMIT_SIZE with line and column.
 */
export function parseLabelConfig(xml: string, options: ParseOptions = {}): LabelConfig {
  const { document, placeOf } = parseXml(xml);
  const config = configOf(document, placeOf);
  if (config.controls.length === 0 && options.allowNoControl !== true) {
    const hint = 'add one such as <Choices name="label" toName="text"> with <Choice value="..."/> inside';
    throw xmlError('LABELCONFIG_NO_CONTROL', `The label config has no control tag; ${hint}`, placeOf(document.root));
  }
  return config;
}

/** What a document means. `placeOf` is for error messages only. */
export function configOf(document: XmlDocument, placeOf: PlaceOf): LabelConfig {
  const objects: Found<ObjectRow>[] = [];
  const controls: Found<ControlRow>[] = [];
  walk(document.root, { conditions: [], repeater: null }, (element, scope) => {
    const row = tagRow(element.tag);
    if (row?.role === 'object' && attribute(element.attributes, 'name') !== null) {
      objects.push({ element, row, scope });
    }
    if (row?.role === 'control') controls.push({ element, row, scope });
  });
  checkNames([...objects, ...controls], placeOf);
  const objectTags = objects.map(readObject);
  return {
    document,
    objects: objectTags,
    controls: controls.map((found) => readControl(found, objectTags, placeOf)),
  };
}

/** Parents before children, in document order. */
function walk(element: XmlElement, outer: Scope, visit: (element: XmlElement, scope: Scope) => void): void {
  const own = conditionOf(element.attributes);
  const scope = {
    conditions: own === null ? outer.conditions : [...outer.conditions, own],
    repeater: repeaterOf(element) ?? outer.repeater,
  };
  visit(element, scope);
  for (const inner of elementsOf(element)) walk(inner, scope, visit);
}

function conditionOf(attributes: Attributes): Condition | null {
  const tag = attribute(attributes, 'whenTagName');
  const label = attribute(attributes, 'whenLabelValue');
  const choice = attribute(attributes, 'whenChoiceValue');
  const when = attribute(attributes, 'visibleWhen');
  if (tag === null && label === null && choice === null && when === null) return null;
  return { when: when ?? (label !== null ? 'region-selected' : 'choice-selected'), tag, label, choice };
}

function repeaterOf(element: XmlElement): Repeater | null {
  if (tagRow(element.tag)?.tag !== 'Repeater') return null;
  const on = attribute(element.attributes, 'on') ?? '';
  return { on: on.replace(/^\$/, ''), indexFlag: attribute(element.attributes, 'indexFlag') ?? '{{idx}}' };
}

function checkNames(found: readonly Found<ControlRow | ObjectRow>[], placeOf: PlaceOf): void {
  const seen = new Set<string>();
  for (const { element, row } of found) {
    const name = attribute(element.attributes, 'name');
    if (name === null || name === '') {
      if (row.role === 'control' && row.free === true) continue;
      throw xmlError('LABELCONFIG_BAD_TAG', `<${element.tag}> needs a name`, placeOf(element));
    }
    if (seen.has(name)) {
      throw xmlError('LABELCONFIG_BAD_TAG', `Two tags are named "${name}"; names are unique`, placeOf(element));
    }
    seen.add(name);
  }
}

function readObject({ element, row, scope }: Found<ObjectRow>): ObjectTag {
  const { attributes } = element;
  const list = attribute(attributes, 'valueList');
  const value = list ?? attribute(attributes, 'value');
  return {
    name: attribute(attributes, 'name')!,
    tag: row.tag,
    kind: row.kind,
    field: value?.startsWith('$') === true ? value.slice(1) : null,
    list: list !== null,
    valueType: attribute(attributes, 'valueType'),
    repeater: scope.repeater,
    attributes,
  };
}

function readControl({ element, row, scope }: Found<ControlRow>, objects: readonly ObjectTag[], placeOf: PlaceOf) {
  const { attributes } = element;
  const choice = attribute(attributes, 'choice');
  const multiple = choice === null ? row.multiple === true : choice === 'multiple';
  const control: Control = {
    name: attribute(attributes, 'name') ?? row.tag.toLowerCase(),
    tag: row.tag,
    kind: row.kind,
    type: row.type,
    valueKey: row.valueKey ?? row.type,
    toName: targetsOf(element, row, objects, placeOf),
    selfTarget: row.selfTarget === true,
    labels: row.labels === undefined ? [] : labelsUnder(element, row, [], placeOf),
    dynamicLabels: row.labels === undefined ? null : dynamicLabelsOf(attributes),
    multiple,
    required: flag(attributes, 'required'),
    scope: flag(attributes, 'perRegion') ? 'region' : flag(attributes, 'perItem') ? 'item' : 'task',
    conditions: scope.conditions,
    repeater: scope.repeater,
    smart: flag(attributes, 'smart') || flag(attributes, 'smartOnly'),
    scoreThreshold: thresholdOf(attributes),
    attributes,
  };
  return control;
}

/** `toName`, or the only object there is when the attribute is left out. */
function targetsOf(
  element: XmlElement,
  row: ControlRow,
  objects: readonly ObjectTag[],
  placeOf: PlaceOf,
): readonly string[] {
  const written = attribute(element.attributes, 'toName');
  const known = objects.map((object) => object.name);
  if (written === null) {
    if (row.free === true) return [];
    if (known.length === 1) return known;
    throw xmlError('LABELCONFIG_BAD_TAG', `<${element.tag}> needs toName, the name of an object tag`, placeOf(element));
  }
  const names = written.split(',').map((name) => name.trim());
  const absent = names.find((name) => !known.includes(name));
  if (absent !== undefined) {
    const there = known.length > 0 ? known.map((name) => `"${name}"`).join(', ') : 'none';
    const message = `<${element.tag}> points to "${absent}", but there is no such object tag (there: ${there})`;
    throw xmlError('LABELCONFIG_BAD_TAG', message, placeOf(element));
  }
  return names;
}

/** All label tags below the control, through Views, but not into another control. */
function labelsUnder(parent: XmlElement, row: ControlRow, path: readonly string[], placeOf: PlaceOf): Label[] {
  const labels: Label[] = [];
  for (const element of elementsOf(parent)) {
    const inner = tagRow(element.tag);
    if (inner?.role === 'control') continue;
    if (inner?.tag !== row.labels) {
      labels.push(...labelsUnder(element, row, path, placeOf));
      continue;
    }
    const label = readLabel(element, path, placeOf);
    labels.push(label);
    if (row.nested === true) labels.push(...labelsUnder(element, row, label.path, placeOf));
  }
  // Configs in the wild repeat labels by mistake; the first one counts, the document keeps them all.
  const paths = labels.map((label) => label.path.join('\u0000'));
  return labels.filter((_label, i) => paths.indexOf(paths[i]!) === i);
}

function readLabel(element: XmlElement, parents: readonly string[], placeOf: PlaceOf): Label {
  const { attributes } = element;
  const alias = attribute(attributes, 'alias') || null;
  const value = attribute(attributes, 'value') ?? attribute(attributes, 'valueList') ?? alias;
  if (value === null) throw xmlError('LABELCONFIG_BAD_TAG', `<${element.tag}> needs a value`, placeOf(element));
  const name = alias ?? value;
  return {
    name,
    value,
    alias,
    hotkey: attribute(attributes, 'hotkey'),
    background: attribute(attributes, 'background'),
    path: [...parents, name],
    predictedValues: splitList(attribute(attributes, 'predicted_values')),
    attributes,
  };
}

function dynamicLabelsOf(attributes: Attributes): DynamicLabels | null {
  const url = attribute(attributes, 'apiUrl');
  if (url !== null) return { from: 'url', source: url };
  const value = attribute(attributes, 'value');
  return value?.startsWith('$') === true ? { from: 'data', source: value.slice(1) } : null;
}

function thresholdOf(attributes: Attributes): number | null {
  const given = attribute(attributes, 'model_score_threshold');
  const threshold = given === null || given.trim() === '' ? Number.NaN : Number(given);
  return threshold >= 0 && threshold <= 1 ? threshold : null;
}

function splitList(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
