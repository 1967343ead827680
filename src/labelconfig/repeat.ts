/** Repeaters: the controls that one task really has, one per entry of the list that is repeated over. */
import type { JsonObject } from '../core/json.ts';
import { valueAt } from './fields.ts';
import type { Control } from './model.ts';

/** The control itself, or its copies `label_0`, `label_1`... when it stands in a Repeater. */
export function instancesOf(control: Control, data: JsonObject): Control[] {
  const { repeater } = control;
  if (repeater === null) return [control];
  const list = valueAt(data, repeater.on);
  const count = Array.isArray(list) ? list.length : 0;
  return Array.from({ length: count }, (_unused, i) => {
    const numbered = (text: string) => text.replaceAll(repeater.indexFlag, String(i));
    const dynamic = control.dynamicLabels;
    return {
      ...control,
      name: numbered(control.name),
      toName: control.toName.map(numbered),
      dynamicLabels: dynamic === null ? null : { ...dynamic, source: numbered(dynamic.source) },
    };
  });
}
