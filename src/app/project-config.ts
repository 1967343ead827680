/** What the use cases need to know of a project's label config, worked out once per change of the config. */
import type { Project } from '../core/domain.ts';
import type { JsonObject } from '../core/json.ts';
import { type Control, type LabelConfig, parseLabelConfig, valueAt } from '../labelconfig/index.ts';

export interface ProjectConfig {
  readonly xml: string;
  readonly parsed: LabelConfig;
  /** The control that the head learns: the first task-wide classification with labels; null when there is none. */
  readonly control: Control | null;
  /** Names of its labels in config order: the class order of heads and tensors. */
  readonly classes: readonly string[];
  /** Does the control look at text at all? */
  readonly showsText: boolean;
  /** The text a task shows to that control, or null when it shows something else. */
  textOf(data: JsonObject): string | null;
}

export function readProjectConfig(xml: string): ProjectConfig {
  const parsed = parseLabelConfig(xml);
  const control =
    parsed.controls.find(
      (one) => one.kind === 'classification' && one.scope === 'task' && !one.dynamicLabels && one.labels.length > 0,
    ) ?? null;
  const shown = parsed.objects.filter((object) => control === null || control.toName.includes(object.name));
  const fields = shown.flatMap((object) => (object.kind === 'text' && object.field !== null ? [object.field] : []));
  return {
    xml,
    parsed,
    control,
    classes: control?.labels.map((label) => label.name) ?? [],
    showsText: fields.length > 0,
    textOf(data) {
      const texts = fields.map((field) => valueAt(data, field)).filter((value) => typeof value === 'string');
      return texts.length === 0 ? null : texts.join('\n');
    },
  };
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
