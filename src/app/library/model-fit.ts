/** Which control of a project a model can answer, and what its classes are called there. */
import type { ModelInfo, ModelInput } from '../../backends/backend.ts';
import { type Control, type Label, type LabelConfig, matchLabel, type ObjectKind } from '../../labelconfig/index.ts';
import { outputsFor, type RegionBinding } from '../../regions/index.ts';
import type { FittingModel } from './api.ts';

const INPUT_OF: Readonly<Partial<Record<ObjectKind, ModelInput>>> = { text: 'text', image: 'image', audio: 'audio' };
/** A picture's classes and boxes may be as unsure as the model lets them be: the control's own threshold decides. */
const SCORE_MIN = 0;

/** Kind of a model that answers clicks and nothing else. */
export const PROMPTED = 'prompted-segmentation';

export interface ModelFit {
  readonly binding: RegionBinding;
  readonly view: FittingModel;
}

/** Null when the model reads something else, answers something else, or means none of the control's labels. */
export function fitModel(config: LabelConfig, control: Control, model: ModelInfo): ModelFit | null {
  const object = config.objects.find(
    (one) => control.toName.includes(one.name) && INPUT_OF[one.kind] === model.input && one.field !== null,
  );
  if (!object || control.dynamicLabels !== null || control.scope !== 'task') return null;
  if (!outputsFor(control.type).some((output) => output in model.outputs)) return null;
  const labels = model.labels.map((name) => labelOf(control.labels, name)?.name ?? null);
  // What a prompted model finds is whatever the person calls it.
  const free = control.labels.length === 0 || model.kind === PROMPTED;
  if (!free && labels.every((label) => label === null)) return null;
  const transcription = config.controls.find(
    (one) => one.scope === 'region' && one.kind === 'text' && one.toName.includes(object.name),
  );
  return {
    binding: { control, object, labels, scoreMin: SCORE_MIN, ...(transcription ? { transcription } : {}) },
    view: {
      name: model.name,
      id: model.id,
      classes: labels.length,
      mapped: model.kind === PROMPTED ? labels.length : labels.filter((label) => label !== null).length,
      unmappedClasses: model.labels.filter((_, i) => !free && labels[i] === null).slice(0, UNMAPPED_LISTED),
      unmappedLabels: free ? [] : control.labels.map(({ name }) => name).filter((name) => !labels.includes(name)),
    },
  };
}

/** A thousand classes of which two are wanted are no thousand messages. */
const UNMAPPED_LISTED = 20;

/** `predicted_values` first, as somebody wrote them down for this; then names; then the synonyms of a class, "a, b, c". */
function labelOf(labels: readonly Label[], name: string): Label | undefined {
  const said = labels.filter((label) => label.predictedValues.includes(name));
  if (said.length === 1) return said[0];
  const whole = matchLabel(labels, name);
  if (whole || !name.includes(',')) return whole;
  const parts = name.split(',').map((part) => matchLabel(labels, part.trim()));
  return parts.find((part) => part !== undefined);
}
