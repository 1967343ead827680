/** A label config as plain data: the XML tree it came from, and what the tree means. */
import type { ControlKind, ObjectKind } from './tags.ts';
import type { XmlDocument } from './xml.ts';

export interface LabelConfig {
  /** The whole document, unknown tags and attributes included; what `renderLabelConfig` writes. */
  readonly document: XmlDocument;
  /** In document order. */
  readonly controls: readonly Control[];
  readonly objects: readonly ObjectTag[];
}

export type Attributes = Readonly<Record<string, string>>;

export interface Control {
  /** `from_name` of its regions. Inside a Repeater it holds the index flag: `label_{{idx}}`. */
  readonly name: string;
  /** As in the tag table, whatever case the document uses. */
  readonly tag: string;
  readonly kind: ControlKind;
  /** `type` of its regions. */
  readonly type: string;
  /** Where the answer stands inside `value`: `choices`, `text`, `rectanglelabels`... */
  readonly valueKey: string;
  /** Names of the object tags it labels; a region's `to_name` is one of them. */
  readonly toName: readonly string[];
  /** Regions carry the control's own name as `to_name` (Pairwise, ChatMessage). */
  readonly selfTarget: boolean;
  readonly labels: readonly Label[];
  /** Labels come with each task: a data path (`$labels`) or an address (`apiUrl`). */
  readonly dynamicLabels: DynamicLabels | null;
  /** May one region carry several labels? */
  readonly multiple: boolean;
  readonly required: boolean;
  /** Asked for every region, for every item of a list, or once per task. */
  readonly scope: 'task' | 'region' | 'item';
  /** Shown only when... */
  readonly conditions: readonly Condition[];
  readonly repeater: Repeater | null;
  /** Regions drawn with it are prompts for a model (`smart`, `smartOnly`). */
  readonly smart: boolean;
  /** Suggestions below this score are not shown (`model_score_threshold`), 0..1. */
  readonly scoreThreshold: number | null;
  /** Everything that was written, known or not. */
  readonly attributes: Attributes;
}

export interface DynamicLabels {
  readonly from: 'data' | 'url';
  /** Data path without `$`, or the address. */
  readonly source: string;
}

/** `whenTagName`, `whenLabelValue`, `whenChoiceValue` and `visibleWhen`, inherited from enclosing Views too. */
export interface Condition {
  readonly when: string;
  readonly tag: string | null;
  readonly label: string | null;
  readonly choice: string | null;
}

export interface Repeater {
  /** Data path of the list, without `$`. */
  readonly on: string;
  readonly indexFlag: string;
}

export interface Label {
  /** What results hold: the alias if there is one, else the value. */
  readonly name: string;
  /** What people read. */
  readonly value: string;
  readonly alias: string | null;
  readonly hotkey: string | null;
  readonly background: string | null;
  /** Names from the outermost parent down to this one; one entry for flat lists. */
  readonly path: readonly string[];
  /** Model classes that mean this label (`predicted_values`). */
  readonly predictedValues: readonly string[];
  readonly attributes: Attributes;
}

export interface ObjectTag {
  readonly name: string;
  readonly tag: string;
  readonly kind: ObjectKind;
  /** Data path of what it shows (`value="$text"` -> `text`); null when the value is a constant. */
  readonly field: string | null;
  /** The value is a list of pages or images (`valueList`). */
  readonly list: boolean;
  /** `text` or `url`... as written; null when absent. */
  readonly valueType: string | null;
  readonly repeater: Repeater | null;
  readonly attributes: Attributes;
}

/** An attribute, exact name first, then whatever its case: Label Studio reads `showInLine` and `showInline` alike. */
export function attribute(attributes: Attributes, name: string): string | null {
  if (Object.hasOwn(attributes, name)) return attributes[name]!;
  const wanted = name.toLowerCase();
  const found = Object.keys(attributes).find((key) => key.toLowerCase() === wanted);
  return found === undefined ? null : attributes[found]!;
}

export function flag(attributes: Attributes, name: string): boolean {
  return attribute(attributes, name)?.toLowerCase() === 'true';
}
