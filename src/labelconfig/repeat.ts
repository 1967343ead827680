/** Repeaters: the controls that one task really has, one per entry of the list that is repeated over. */
import type { JsonObject } from '../core/json.ts';
import { valueAt } from './fields.ts';
import type { Control, ObjectTag, Repeater } from './model.ts';

/** The control itself, or its copies `label_0`, `label_1`... when it stands in a Repeater. */
export function instancesOf(control: Control, data: JsonObject): Control[] {
  return repeat(control, control.repeater, data, (numbered) => {
    const dynamic = control.dynamicLabels;
    return {
      ...control,
      name: numbered(control.name),
      toName: control.toName.map(numbered),
      dynamicLabels: dynamic === null ? null : { ...dynamic, source: numbered(dynamic.source) },
    };
  });
}

/** The object tag itself, or its copies `page_0`, `page_1`... */
export function objectInstances(object: ObjectTag, data: JsonObject): ObjectTag[] {
  return repeat(object, object.repeater, data, (numbered) => ({
    ...object,
    name: numbered(object.name),
    field: object.field === null ? null : numbered(object.field),
  }));
}

function repeat<T>(
  tag: T,
  repeater: Repeater | null,
  data: JsonObject,
  copy: (numbered: (text: string) => string) => T,
): T[] {
  if (repeater === null) return [tag];
  const list = valueAt(data, repeater.on);
  const count = Array.isArray(list) ? list.length : 0;
  return Array.from({ length: count }, (_unused, i) => copy((text) => text.replaceAll(repeater.indexFlag, String(i))));
}
