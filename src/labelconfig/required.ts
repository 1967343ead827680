/** Which questions of a config an answer leaves open. */
import type { Region } from '../core/domain.ts';
import type { JsonObject } from '../core/json.ts';
import type { LabelConfig } from './model.ts';
import { instancesOf } from './repeat.ts';

/**
 * Names of the required controls that `result` does not answer. Those about single regions, and those that are shown
 * only under a condition, are left to the page: whether they were visible is not in the result.
 */
export function missingAnswers(
  config: LabelConfig,
  task: { readonly data: JsonObject },
  result: readonly Region[],
): string[] {
  const answered = new Set(result.map((region) => region.from_name));
  return config.controls
    .filter((control) => control.required && control.scope === 'task' && control.conditions.length === 0)
    .flatMap((control) => instancesOf(control, task.data))
    .flatMap((control) => (answered.has(control.name) ? [] : [control.name]));
}
