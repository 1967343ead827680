/** What the use cases need to know of a project's label config, worked out once per change of the config. */
import type { ModelInput } from '../../backends/backend.ts';
import type { Project } from '../../core/domain.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { type Control, type LabelConfig, type ObjectTag, parseLabelConfig, valueAt } from '../../labelconfig/index.ts';
import { type SpanTarget, spanTargetsOf } from '../rules/span-target.ts';

export interface ProjectConfig {
  readonly xml: string;
  readonly parsed: LabelConfig;
  /** The control that the head learns and the queue is ordered for: the first task-wide classification with labels; null when there is none. */
  readonly control: Control | null;
  /** Names of its labels in config order: the class order of heads and tensors. */
  readonly classes: readonly string[];
  /** The same config as each further control of that kind sees it: with a head of its own, on the same rows. */
  readonly further: readonly ProjectConfig[];
  /** What embedders look at for that control; null when it shows nothing of the kind. Text goes before pictures and sounds. */
  readonly input: ModelInput | null;
  /** What rules mark with spans; null when there is nothing of the kind. */
  readonly spans: SpanTarget | null;
  /** What rules may say: the classes first, then labels of spans that are no classes. */
  readonly ruleLabels: readonly string[];
  /** The text a task shows to that control, or null when it shows something else. */
  textOf(data: JsonObject): string | null;
  /** Where the picture or sound that it shows lies, the first of a list; null for texts and when there is none. */
  mediaOf(data: JsonObject): string | null;
}

export function readProjectConfig(xml: string): ProjectConfig {
  const parsed = parseLabelConfig(xml);
  const [control = null, ...others] = parsed.controls.filter(
    (one) => one.kind === 'classification' && one.scope === 'task' && !one.dynamicLabels && one.labels.length > 0,
  );
  const classes = classesOf(control);
  const spans = spanTargetsOf(parsed)[0] ?? null;
  const shown = parsed.objects.filter((object) => control === null || control.toName.includes(object.name));
  const fields = fieldsOf(shown, 'text');
  const input = INPUTS.find((kind) => fieldsOf(shown, kind).length > 0) ?? null;
  const media = input === null || input === 'text' ? undefined : fieldsOf(shown, input)[0];
  const first = {
    xml,
    parsed,
    control,
    classes,
    input,
    spans,
    ruleLabels: [...new Set([...classes, ...(spans?.labels ?? [])])],
    textOf(data: JsonObject) {
      const texts = fields.map((field) => valueAt(data, field)).filter((value) => typeof value === 'string');
      return texts.length === 0 ? null : texts.join('\n');
    },
    mediaOf(data: JsonObject) {
      const value = media === undefined ? null : valueAt(data, media);
      const first = Array.isArray(value) ? (value as readonly Json[])[0] : value;
      return typeof first === 'string' ? first : null;
    },
  };
  const further = others.map((one) => ({ ...first, control: one, classes: classesOf(one), further: [] }));
  return { ...first, further };
}

/** The config as the head of this control sees it; undefined when no head learns it. */
export function configOf(config: ProjectConfig, control: string): ProjectConfig | undefined {
  return [config, ...config.further].find((one) => one.control?.name === control);
}

function classesOf(control: Control | null): string[] {
  return control?.labels.map((label) => label.name) ?? [];
}

const INPUTS: readonly ModelInput[] = ['text', 'image', 'audio'];

function fieldsOf(objects: readonly ObjectTag[], kind: ModelInput): string[] {
  return objects.flatMap((object) => (object.kind === kind && object.field !== null ? [object.field] : []));
}

/** Remembers the last config of each project, because parsing XML on every request is what makes others slow. */
export class ProjectConfigs {
  readonly #byProject = new Map<number, ProjectConfig>();

  of(project: Project): ProjectConfig {
    const known = this.#byProject.get(project.id);
    if (known?.xml === project.labelConfig) return known;
    const read = readProjectConfig(project.labelConfig);
    this.#byProject.set(project.id, read);
    return read;
  }

  forget(projectId: number): void {
    this.#byProject.delete(projectId);
  }
}
