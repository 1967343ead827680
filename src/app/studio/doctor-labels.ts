/** What the doctor says of labels: which of them no model means, and which controls nothing answers. */
import type { Project } from '../../core/domain.ts';
import type { Control } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { fitModel } from '../library/model-fit.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { StudioFinding } from './api.ts';

/** Labels that no model means, and controls that none learns, get no suggestion. */
export function labels(library: Deps['library'], config: ProjectConfig, { settings }: Project): StudioFinding[] {
  const bound = settings.models ?? {};
  const problems = config.parsed.controls.flatMap((control) => {
    const model = bound[control.name];
    return model === undefined ? [] : (problemOfModel(library, config, control, model) ?? []);
  });
  const unlearned = problemOfHead(config, Object.keys(bound));
  if (unlearned !== null) problems.push(unlearned);
  if (problems.length > 0) return problems.map((sentence) => ({ part: 'labels', ok: false, sentence }));
  const answered = Object.entries(bound).map(([control, model]) => `"${control}" is answered by '${model}'.`);
  const learned = config.control === null ? [] : [`The built-in model learns "${config.control.name}".`];
  return [{ part: 'labels', ok: true, sentence: [...learned, ...answered].join(' ') }];
}

function problemOfModel(
  library: Deps['library'],
  { parsed }: ProjectConfig,
  control: Control,
  model: string,
): string | null {
  const serving = library.list().find(({ info, serving: serves }) => serves && info.name === model);
  if (serving === undefined) return `"${control.name}" is bound to '${model}', of which no version serves; serve one.`;
  const fit = fitModel(parsed, control, serving.info);
  if (fit === null) return `'${model}' cannot answer "${control.name}" any more; bind another model to it.`;
  const { unmappedLabels } = fit.view;
  if (unmappedLabels.length === 0) return null;
  const which = unmappedLabels.slice(0, LABELS_LISTED).map((name) => `"${name}"`);
  const more = unmappedLabels.length > LABELS_LISTED ? ` and ${unmappedLabels.length - LABELS_LISTED} more` : '';
  return `No class of '${model}' means ${which.join(', ')}${more} of "${control.name}"; name the class in the label's predicted_values.`;
}

const LABELS_LISTED = 5;

function problemOfHead({ parsed, control, further, input }: ProjectConfig, bound: readonly string[]): string | null {
  if (control === null) {
    return bound.length > 0
      ? null
      : 'No control of the label config is a choice over the whole task; only rules, look-alikes and registered models can suggest here.';
  }
  if (input === null) {
    return bound.includes(control.name)
      ? null
      : `"${control.name}" looks at no text, image or audio, which is what the built-in models learn from; bind a registered model to it.`;
  }
  const known = [control.name, ...further.flatMap((one) => one.control?.name ?? []), ...bound];
  const others = parsed.controls
    .filter((one) => !known.includes(one.name) && one.labels.length > 0)
    .map((one) => `"${one.name}"`);
  return others.length === 0
    ? null
    : `${others.join(', ')} is learned by no built-in model; write rules or bind a registered model to it.`;
}
