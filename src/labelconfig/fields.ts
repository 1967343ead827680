/** Data paths of a label config: which fields a task must have, and what stands there. */
import type { Json, JsonObject } from '../core/json.ts';
import type { LabelConfig, ObjectTag } from './model.ts';

/** `images[0].url` -> `['images', 0, 'url']`. The index of a Repeater is put in before. */
export function parseDataPath(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|[^.[\]]+/g)].map((match) =>
    match[1] === undefined ? match[0] : Number(match[1]),
  );
}

/** The value at a data path, or undefined. A field whose own name contains dots wins over the path. */
export function valueAt(data: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(data, path)) return data[path];
  let value: Json | undefined = data;
  for (const step of parseDataPath(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string | number, Json>)[step];
  }
  return value;
}

/** Top-level data fields that the config shows or repeats over, each once, in document order. */
export function requiredFields(config: LabelConfig): string[] {
  const paths = config.objects.flatMap((object) => {
    const repeated = object.repeater === null ? [] : [object.repeater.on];
    return object.field === null ? repeated : [...repeated, object.field];
  });
  const labels = config.controls.flatMap((control) =>
    control.dynamicLabels?.from === 'data' ? [control.dynamicLabels.source] : [],
  );
  return [...new Set([...paths, ...labels].map((path) => String(parseDataPath(path)[0] ?? path)))];
}

/** The required fields that a task's data lacks. */
export function missingFields(config: LabelConfig, data: JsonObject): string[] {
  return requiredFields(config).filter(
    (field) => !Object.hasOwn(data, field) && !config.objects.some((object) => isDotted(object, field, data)),
  );
}

/** A CSV column may be called `review.text`, and then there is no field `review`. */
function isDotted(object: ObjectTag, field: string, data: JsonObject): boolean {
  return object.field?.startsWith(`${field}.`) === true && Object.hasOwn(data, object.field);
}
