/** Results in the short forms that Label Studio takes from scripts: the value of one region, or the name of a label. */
import type { Region } from '../core/domain.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { regionFromChoice } from './choices.ts';
import type { LabelConfig } from './model.ts';

/** What it says, as regions (a list is taken as it is); null when it is none of these forms. */
export function regionsFromShort(config: LabelConfig, result: unknown): readonly Region[] | null {
  if (Array.isArray(result)) return result as Region[];
  const choice = config.controls.find((one) => one.kind === 'classification');
  if (typeof result === 'string' && choice) return [regionFromChoice(choice, [result])];
  if (!isJsonObject(result as JsonObject)) return null;
  const value = result as JsonObject;
  const control = config.controls.find((one) => Object.hasOwn(value, one.valueKey));
  return control ? [{ from_name: control.name, to_name: control.toName[0]!, type: control.type, value }] : null;
}
