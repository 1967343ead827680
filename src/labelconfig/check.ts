/** A `result` held against config and task: repaired where the intent is clear, else refused region by region. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { checkValue } from './check-values.ts';
import { valueAt } from './fields.ts';
import type { HtmlText } from './hypertext.ts';
import { labelsForTask, matchLabel } from './labels.ts';
import type { Control, Label, LabelConfig, ObjectTag } from './model.ts';
import { nameOf, Refusal } from './refusal.ts';
import { instancesOf, objectInstances } from './repeat.ts';

export interface Problem {
  /** Position in the given result. */
  readonly index: number;
  readonly id: string | null;
  readonly fromName: string | null;
  /** What was given, what was expected. */
  readonly message: string;
  /** True: the region was kept in a mended form. False: it was left out. */
  readonly repaired: boolean;
}

export interface CheckedResult {
  /** The regions that fit, mended ones included, in the given order. */
  readonly regions: readonly Region[];
  readonly problems: readonly Problem[];
}

/** What the checks of one region share. */
interface Context {
  readonly data: JsonObject;
  readonly controls: readonly Control[];
  readonly objects: readonly ObjectTag[];
  /** Ids of all regions of the result: what relations may point to. */
  readonly ids: ReadonlySet<unknown>;
  readonly pages: Map<string, HtmlText>;
  readonly note: (message: string) => void;
}

/**
 * Checks every region of `result`. Never throws for what a region holds; a region that cannot be kept is named in
 * `problems` with the reason and the others are not affected.
 */
export function checkResult(
  config: LabelConfig,
  task: { readonly data: JsonObject },
  result: readonly unknown[],
): CheckedResult {
  const regions: Region[] = [];
  const problems: Problem[] = [];
  const shared = {
    data: task.data,
    controls: config.controls.flatMap((control) => instancesOf(control, task.data)),
    objects: config.objects.flatMap((object) => objectInstances(object, task.data)),
    pages: new Map<string, HtmlText>(),
    ids: new Set(result.map((region) => (isJsonObject(region) ? region.id : undefined))),
  };
  result.forEach((given, index) => {
    const text = (key: string) => (isJsonObject(given) && typeof given[key] === 'string' ? given[key] : null);
    const report = (message: string, repaired: boolean) =>
      problems.push({ index, id: text('id'), fromName: text('from_name'), message, repaired });
    try {
      regions.push(checkRegion(given, { ...shared, note: (message) => report(message, true) }));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      report(error.message, false);
    }
  });
  return { regions, problems };
}

function checkRegion(given: unknown, context: Context): Region {
  if (!isJsonObject(given)) throw new Refusal(`A region is an object, this is ${nameOf(given)}.`);
  if (given.type === 'relation') return checkRelation(given, context);
  if (!isJsonObject(given.value)) throw new Refusal(`A region has a value object, here it is ${nameOf(given.value)}.`);
  const control = controlOf(given, context);
  const typed = withType(
    control,
    { ...given, from_name: control.name, to_name: targetOf(control, given, context) },
    context,
  );
  return withScore(withValue(control, withLabels(control, typed, context), context), context);
}

function controlOf(region: Region, context: Context): Control {
  const { controls } = context;
  const name = region.from_name;
  const found = controls.find((control) => control.name === name);
  if (found !== undefined) return found;
  const names = controls.map((control) => `"${control.name}"`).join(', ');
  if (name !== undefined)
    throw new Refusal(`from_name ${JSON.stringify(name)} is no control of the config (${names}).`);
  const candidates = controls.filter((control) => control.type === region.type);
  if (candidates.length !== 1) throw new Refusal(`from_name is missing; it names one of ${names}.`);
  context.note(
    `from_name was missing; set to "${candidates[0]!.name}", the only control of type ${JSON.stringify(region.type)}.`,
  );
  return candidates[0]!;
}

function targetOf(control: Control, region: Region, context: Context): string {
  const given = region.to_name;
  if (control.selfTarget && given === control.name) return given;
  if (typeof given === 'string' && control.toName.includes(given)) return given;
  const only = control.selfTarget ? control.name : control.toName.length === 1 ? control.toName[0] : undefined;
  // A tool without toName writes its own name; any other unknown name may be a result of another project.
  if (only !== undefined && (given === undefined || given === control.name)) {
    context.note(`to_name was ${given === undefined ? 'missing' : `"${given}"`}; set to "${only}".`);
    return only;
  }
  const there = control.toName.map((name) => `"${name}"`).join(', ');
  throw new Refusal(`to_name ${JSON.stringify(given)} is not labeled by "${control.name}" (${there}).`);
}

/** The region with its control's type. A type that only names another tool's labels is rewritten with its key. */
function withType(control: Control, region: Region, context: Context): Region {
  const given = region.type;
  if (given === control.type) return region;
  const value = region.value as JsonObject;
  const mended = (key: string): Region => {
    const { [key]: held, ...rest } = value;
    const fixed = held === undefined ? value : { ...rest, [control.valueKey]: held };
    context.note(`type was ${given === undefined ? 'missing' : `"${given}"`}; set to "${control.type}".`);
    return { ...region, type: control.type, value: fixed };
  };
  if (given === undefined) return mended(control.valueKey);
  if (typeof given === 'string') {
    if (given.toLowerCase() === control.type) return mended(control.valueKey);
    const isLabels = (type: string) => type.endsWith('labels');
    if (isLabels(given) && isLabels(control.type) && Array.isArray(value[given])) return mended(given);
  }
  throw new Refusal(
    `type ${JSON.stringify(given)} does not belong to "${control.name}", which writes "${control.type}".`,
  );
}

const DIRECTIONS: readonly unknown[] = [undefined, null, 'right', 'left', 'bi'];

/** Two regions of the same result; the labels are those of `<Relations>`, if the config has them. */
function checkRelation(region: Region, context: Context): Region {
  for (const end of ['from_id', 'to_id']) {
    if (typeof region[end] !== 'string' || !context.ids.has(region[end])) {
      throw new Refusal(`${end} ${JSON.stringify(region[end])} is no region of this result.`);
    }
  }
  if (!DIRECTIONS.includes(region.direction)) {
    throw new Refusal(`direction is "right", "left" or "bi", here it is ${JSON.stringify(region.direction)}.`);
  }
  const control = context.controls.find((one) => one.type === 'relation');
  const labels = region.labels;
  if (control === undefined || control.labels.length === 0 || !Array.isArray(labels)) return region;
  return { ...region, labels: labels.map((one: Json) => knownLabel(control, control.labels, one, context)) };
}

function withValue(control: Control, region: Region, context: Context): Region {
  const object = context.objects.find((one) => one.name === region.to_name) ?? null;
  const { data, note, pages } = context;
  checkItem(object, region, data);
  const value = checkValue(region.value as JsonObject, { control, object, data, note, pages, region });
  return value === region.value ? region : { ...region, value };
}

/** The page or image of a list that the region is on. */
function checkItem(object: ObjectTag | null, region: Region, data: JsonObject): void {
  const item = region.item_index;
  if (item === undefined || item === null) return;
  const list = object?.list === true && object.field !== null ? valueAt(data, object.field) : undefined;
  const count = Array.isArray(list) ? list.length : Number.POSITIVE_INFINITY;
  if (Number.isInteger(item) && Number(item) >= 0 && Number(item) < count) return;
  throw new Refusal(`item_index is ${JSON.stringify(item)}, the task has ${count} items counted from 0.`);
}

function withScore(region: Region, context: Context): Region {
  const { score, ...rest } = region;
  if (score === undefined || score === null || (typeof score === 'number' && score >= 0 && score <= 1)) return region;
  context.note(`score ${JSON.stringify(score)} is not a number in 0..1; dropped.`);
  return rest;
}

/** The region with labels that its control has, for controls that have labels. */
function withLabels(control: Control, region: Region, context: Context): Region {
  if (control.labels.length === 0 && control.dynamicLabels === null) return region;
  const value = region.value as JsonObject;
  const held = value[control.valueKey];
  const list = typeof held === 'string' ? [held] : held;
  if (!Array.isArray(list)) {
    throw new Refusal(`value.${control.valueKey} is a list of labels, here it is ${nameOf(held)}.`);
  }
  if (typeof held === 'string') context.note(`value.${control.valueKey} was a text; made a list.`);
  const labels = labelsForTask(control, context.data);
  const fixed = labels === null ? list : list.map((one: Json) => knownLabel(control, labels, one, context));
  if (control.kind === 'classification' && !control.multiple && fixed.length > 1) {
    throw new Refusal(`"${control.name}" takes one choice, here are ${fixed.length}.`);
  }
  return { ...region, value: { ...value, [control.valueKey]: fixed } };
}

/** A name, or a path through nested labels, as the config writes it. */
function knownLabel(control: Control, labels: readonly Label[], given: Json, context: Context): Json {
  if (Array.isArray(given)) return knownPath(control, labels, given, context);
  if (typeof given !== 'string') throw new Refusal(`A label is a text, here it is ${nameOf(given)}.`);
  const label = matchLabel(labels, given);
  if (label === undefined) throw unknownLabel(control, labels, given);
  if (label.name !== given) context.note(`label "${given}" set to "${label.name}".`);
  return label.name;
}

function knownPath(control: Control, labels: readonly Label[], given: readonly Json[], context: Context): Json {
  let within = labels;
  const path = given.map((step, depth) => {
    const level = within.filter((label) => label.path.length === depth + 1);
    const label = typeof step === 'string' ? matchLabel(level, step) : undefined;
    if (label === undefined) throw unknownLabel(control, level, given.join(' / '));
    within = within.filter((one) => one.path[depth] === label.name);
    return label.name;
  });
  const [before, after] = [given.join(' / '), path.join(' / ')];
  if (before !== after) context.note(`label "${before}" set to "${after}".`);
  return path;
}

/** A label list in a message is cut here: taxonomies run to thousands. */
const LABELS_SHOWN = 10;

function unknownLabel(control: Control, labels: readonly Label[], given: string): Refusal {
  const shown = labels.slice(0, LABELS_SHOWN).map((label) => `"${label.name}"`);
  const more = labels.length > LABELS_SHOWN ? ` and ${labels.length - LABELS_SHOWN} more` : '';
  return new Refusal(`"${given}" is no label of "${control.name}" (${shown.join(', ')}${more}).`);
}
