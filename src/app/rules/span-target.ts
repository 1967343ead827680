/** What span rules mark: the labels of one control on one text of the task, and their regions there and back. */
import type { TextSpan } from '../../consensus/index.ts';
import type { Region } from '../../core/domain.ts';
import { isJsonObject, type JsonObject, stableHash } from '../../core/json.ts';
import { type Control, type LabelConfig, valueAt } from '../../labelconfig/index.ts';

export interface SpanTarget {
  readonly control: Control;
  /** Name of the text that it labels. */
  readonly toName: string;
  /** Where that text stands in a task's data. */
  readonly field: string;
  readonly labels: readonly string[];
}

/** All controls that label stretches of a text which the task itself holds; rules mark the first. */
export function spanTargetsOf({ controls, objects }: LabelConfig): SpanTarget[] {
  return controls.flatMap((control) => {
    if (control.type !== 'labels' || control.dynamicLabels !== null || control.labels.length === 0) return [];
    const object = objects.find((one) => control.toName.includes(one.name) && one.kind === 'text' && !one.list);
    if (object === undefined || object.field === null || object.valueType === 'url') return [];
    const labels = control.labels.map((label) => label.name);
    return [{ control, toName: object.name, field: object.field, labels }];
  });
}

/** Offsets are UTF-16 units, as the browser counts them. Labels are indices into those of the target. */
export function spanRegion(target: SpanTarget, data: JsonObject, span: TextSpan, score: number | null): Region {
  const text = valueAt(data, target.field);
  const { start, end } = span;
  const region = {
    from_name: target.control.name,
    to_name: target.toName,
    type: target.control.type,
    value: {
      start,
      end,
      text: typeof text === 'string' ? text.slice(start, end) : '',
      [target.control.valueKey]: [target.labels[span.label]!],
    },
  };
  return { id: stableHash(region).slice(0, 10), ...region, ...(score === null ? {} : { score }) };
}

/** The spans of a result that belong to the target; a region with several labels is a span for each. */
export function spansIn(target: SpanTarget, result: readonly Region[]): TextSpan[] {
  return result.flatMap((region) => {
    const { value } = region;
    if (region.from_name !== target.control.name || !isJsonObject(value)) return [];
    const { start, end } = value;
    const names = value[target.control.valueKey];
    if (typeof start !== 'number' || typeof end !== 'number' || end <= start || !Array.isArray(names)) return [];
    return names.flatMap((name) => {
      const label = target.labels.indexOf(String(name));
      return label === -1 ? [] : [{ start, end, label }];
    });
  });
}
