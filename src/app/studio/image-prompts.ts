/** Somebody clicks on a thing in a picture, or draws a box around it: the bound model says where it ends. */
import type { PicturePrompt } from '../../backends/backend.ts';
import type { Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/json.ts';
import { type Control, controlNamed, namesIn, valueAt } from '../../labelconfig/index.ts';
import {
  type BoundTask,
  type ItemOutputs,
  itemOutputs,
  promptedRegion,
  promptOf,
  regionsOf,
  sizeOf,
} from '../../regions/index.ts';
import type { Deps } from '../deps.ts';
import { readMedia } from '../jobs/inference-items.ts';
import { fitModel, type ModelFit, PROMPTED } from '../library/model-fit.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** Pictures whose outputs are kept: people click several times on the one before them. */
const PICTURES_KEPT = 16;

/** Prompts come in percent of the picture, whatever its size. */
const PERCENT = { width: 100, height: 100 };
const NO_BOX = { x: 0, y: 0, width: 0, height: 0 };

export interface Drawn {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly data: JsonObject;
  /** Regions of one group, in the order they were drawn; the last one says the label. */
  readonly regions: readonly JsonObject[];
}

export class ImagePrompts {
  readonly #deps: Pick<Deps, 'inference' | 'library' | 'media'>;
  /** By model version and picture, the longest unused first. */
  readonly #answers = new Map<string, ItemOutputs>();

  constructor(deps: Pick<Deps, 'inference' | 'library' | 'media'>) {
    this.#deps = deps;
  }

  /**
   * The thing that is meant, under the drawn label: the person says what it is, the model where it ends. Empty when no
   * control of the picture with this label is bound to a model, or the model sees nothing there. Rejects when the signal
   * is raised or the picture cannot be read.
   */
  async suggest({ project, config, data, regions }: Drawn, signal: AbortSignal): Promise<JsonObject[]> {
    const last = regions.at(-1);
    const found = last && this.#fitFor(project, config, last);
    if (!found) return [];
    const { fit, label, isPrompted } = found;
    const value = valueAt(data, fit.binding.object.field!);
    const item = Array.isArray(value) ? Number(last.item_index ?? 0) : undefined;
    const reference = Array.isArray(value) ? value[item!] : value;
    if (typeof reference !== 'string') return [];
    const labels = fit.binding.labels.map(() => label);
    const binding = { ...fit.binding, labels };
    const task = item === undefined ? { data } : { data, item };
    if (isPrompted)
      return this.#prompted({ binding, view: fit.view }, task, { projectId: project.id, reference, regions }, signal);
    const outputs = await this.#outputs(fit, project.id, reference, signal);
    const size = sizeOf(outputs);
    const prompt = size && promptOf(regions, size);
    if (!prompt) return [];
    const region = promptedRegion(regionsOf(binding, task, outputs).regions, prompt, size);
    return region === null ? [] : [region];
  }

  /** Of the first control on the picture that knows the label and is bound to a model that is there. */
  #fitFor(
    project: Project,
    { parsed }: ProjectConfig,
    drawn: JsonObject,
  ): { fit: ModelFit; label: string; isPrompted: boolean } | null {
    const source = typeof drawn.from_name === 'string' ? controlNamed(parsed, drawn.from_name) : undefined;
    const label = (source && namesIn(drawn, source.valueKey)[0]) ?? namesIn(drawn, 'labels')[0];
    if (label === undefined) return null;
    const knows = (control: Control) =>
      control.toName.includes(String(drawn.to_name)) && control.labels.some(({ name }) => name === label);
    for (const control of parsed.controls.filter(knows)) {
      const bound = project.settings.models?.[control.name];
      const version = this.#deps.library.list().find(({ info, serving }) => serving && info.name === bound);
      const fit = version && fitModel(parsed, control, version.info);
      if (fit?.binding.object.kind !== 'image') continue;
      return { fit, label, isPrompted: version?.info.kind === PROMPTED };
    }
    return null;
  }

  async #outputs({ view }: ModelFit, projectId: number, reference: string, signal: AbortSignal): Promise<ItemOutputs> {
    const key = `${view.id}/${projectId}/${reference}`;
    const known = this.#answers.get(key);
    this.#answers.delete(key);
    const outputs = known ?? (await this.#ask(view.id, projectId, reference, signal));
    this.#answers.set(key, outputs);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > PICTURES_KEPT) this.#answers.delete(oldest!);
    return outputs;
  }

  /** A model that takes the clicks themselves; what it sees in the picture, its host remembers. */
  async #prompted(
    { binding, view }: ModelFit,
    task: BoundTask,
    { projectId, reference, regions }: { projectId: number; reference: string; regions: readonly JsonObject[] },
    signal: AbortSignal,
  ): Promise<JsonObject[]> {
    const drawn = promptOf(regions, PERCENT);
    if (!drawn) return [];
    const [on, off] = [drawn.on, drawn.off].map((points) => points.map(([x, y]) => [x / 100, y / 100] as const));
    const { x, y, width, height } = drawn.box ?? NO_BOX;
    const box = drawn.box && { x: x / 100, y: y / 100, width: width / 100, height: height / 100 };
    const outputs = await this.#ask(view.id, projectId, reference, signal, { on: on!, off: off!, box });
    return [...regionsOf(binding, task, outputs).regions];
  }

  async #ask(
    model: string,
    projectId: number,
    reference: string,
    signal: AbortSignal,
    prompt?: PicturePrompt,
  ): Promise<ItemOutputs> {
    const { inference, media } = this.#deps;
    const bytes = await readMedia(media, reference, projectId, 'image');
    signal.throwIfAborted();
    const item = prompt === undefined ? { bytes } : { bytes, prompt };
    const { outputs, failed } = await inference.run(model, [item], { lane: 'online', signal });
    if (failed[0]) throw AppError.fromPlain(failed[0].error);
    return itemOutputs(inference.info(model).outputs, outputs, 0);
  }
}
