/** Where labels from a foreign file belong in a project: which control, which object, which data field. */
import type { Region } from '../core/domain.ts';
import type { Control, LabelConfig, ObjectKind, ObjectTag } from '../labelconfig/index.ts';
import type { ExportRow, ImportedAnnotation, LabelerName } from './format.ts';

export interface Target {
  readonly fromName: string;
  readonly toName: string;
  readonly type: string;
  readonly valueKey: string;
  /** Data field that the object shows. */
  readonly field: string;
}

/** Names that files without a config get; they are those of our templates. */
const DEFAULT_NAMES: Readonly<Record<string, string>> = { text: 'text', image: 'image', audio: 'audio' };

/**
 * The first control of one of these types over an object of this kind, else a target of our own names. `types` in the
 * order of preference.
 */
export function targetFor(config: LabelConfig | undefined, kind: ObjectKind, types: readonly string[]): Target {
  for (const type of types) {
    for (const control of config?.controls ?? []) {
      const object = control.type === type ? objectOf(config!, control, kind) : undefined;
      if (object !== undefined) return toTarget(control, object);
    }
  }
  const shown = config?.objects.find((object) => object.kind === kind);
  const name = DEFAULT_NAMES[kind] ?? kind;
  const type = types[0]!;
  const valueKey = type === 'textarea' ? 'text' : type;
  return { fromName: 'label', toName: shown?.name ?? name, type, valueKey, field: shown?.field ?? name };
}

function objectOf(config: LabelConfig, control: Control, kind: ObjectKind): ObjectTag | undefined {
  return config.objects.find((object) => control.toName.includes(object.name) && object.kind === kind);
}

function toTarget(control: Control, object: ObjectTag): Target {
  const { name, type, valueKey } = control;
  return { fromName: name, toName: object.name, type, valueKey, field: object.field ?? object.name };
}

/** One answer of a task, of a person or of a machine. */
export interface Answer {
  readonly result: readonly Region[];
  readonly labeler: LabelerName;
}

/** All answers that a row was given for export; skipped annotations are none. */
export function answersOf(row: ExportRow): Answer[] {
  return [...row.annotations.filter((one) => !one.skipped), ...row.predictions];
}

/** An annotation of an imported file that says nothing about who gave it. */
export function importedAnnotation(result: readonly Region[], skipped = false): ImportedAnnotation {
  return {
    annotator: null,
    result,
    skipped,
    groundTruth: false,
    visibleMs: null,
    note: '',
    submissionId: null,
    createdAt: null,
  };
}
