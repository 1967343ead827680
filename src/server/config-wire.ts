/** A label config as Label Studio's `parse_config` describes it: one entry per control, with its inputs and labels. */
import { type Control, type LabelConfig, labelsOf, parseLabelConfig } from '../labelconfig/index.ts';
import type { ControlWire } from './contract/index.ts';

/** Throws LABELCONFIG_* for a config that cannot be read. */
export function parsedConfigWire(xml: string): Record<string, ControlWire> {
  const config = parseLabelConfig(xml);
  return Object.fromEntries(config.controls.map((control) => [control.name, controlWire(control, config)]));
}

function controlWire(control: Control, config: LabelConfig): ControlWire {
  return {
    type: control.tag,
    to_name: [...control.toName],
    inputs: config.objects
      .filter((object) => control.toName.includes(object.name))
      .map((object) => ({ name: object.name, type: object.tag, value: object.field, valueType: object.valueType })),
    labels: labelsOf(control),
    labels_attrs: Object.fromEntries(control.labels.map((label) => [label.name, label.attributes])),
    dynamic_labels: control.dynamicLabels !== null,
    multiple: control.multiple,
    required: control.required,
  };
}
