/** Interactive pre-annotation: somebody draws a region, and gets what follows from it while they look. */
import type { Connection } from '../../core/connection.ts';
import { toAppError } from '../../core/errors.ts';
import { isJsonObject, type JsonObject, stableHash } from '../../core/json.ts';
import { type Control, controlNamed, namesIn, type ObjectTag, valueAt } from '../../labelconfig/index.ts';
import { sameSpans, type TextSpan } from '../../propagation/same-span.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { spanOf } from '../spread/spans.ts';
import { ImagePrompts } from './image-prompts.ts';
import { orderFields } from './order-fields.ts';
import type { SuggestionVersions } from './version.ts';
import { listOf, readTask } from './wire.ts';

/** Spans that others have labeled are looked for in so many of their last answers. */
const ANSWERS_LOOKED_AT = 500;
/** Suggestions for one region: more would bury the text. */
const SUGGESTED_MAX = 200;
/** What people labeled before is suggested with less trust than what they label right now. */
const SAME_WORDS = 0.95;
const LABELED_BEFORE = 0.8;

export class Interactive {
  readonly #deps: Deps;
  readonly #configs: ProjectConfigs;
  readonly #versions: SuggestionVersions;
  readonly #images: ImagePrompts;
  /** Who is being answered, by connection, task and person. */
  readonly #running = new Map<string, AbortController>();

  constructor(deps: Deps, configs: ProjectConfigs, versions: SuggestionVersions) {
    this.#deps = deps;
    this.#configs = configs;
    this.#versions = versions;
    this.#images = new ImagePrompts(deps);
  }

  /** The reply as JSON text. A newer call of the same person on the same task ends this one, which then says nothing. */
  async suggest(
    connection: Connection,
    tasks: readonly unknown[],
    context: JsonObject,
    gone: AbortSignal,
  ): Promise<string> {
    const { name: version } = await this.#versions.of(connection.projectId);
    const items: JsonObject[] = [];
    for (const task of tasks) {
      const key = `${connection.id}/${isJsonObject(task) ? String(task.id) : ''}/${String(context.user_id ?? '')}`;
      this.#running.get(key)?.abort();
      const turn = new AbortController();
      this.#running.set(key, turn);
      try {
        const signal = AbortSignal.any([turn.signal, gone]);
        const result = await this.#regions(connection, task, context, signal).catch((error: unknown) => {
          const { code } = toAppError(error);
          if (!signal.aborted) this.#deps.log.warn({ connection: connection.id, error: code }, 'a prompt failed');
          return [];
        });
        items.push(itemOf(signal.aborted ? [] : result, version));
      } finally {
        if (this.#running.get(key) === turn) this.#running.delete(key);
      }
    }
    return JSON.stringify({ results: items, model_version: version });
  }

  async #regions(
    connection: Connection,
    value: unknown,
    context: JsonObject,
    signal: AbortSignal,
  ): Promise<JsonObject[]> {
    const { store } = this.#deps;
    const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
    const config = this.#configs.of(project);
    const task = readTask(value, config.parsed, await orderFields(store, connection));
    const regions = listOf(context.result).filter(isJsonObject);
    const drawn = regions.at(-1);
    const prompt = task && drawn && promptOf(config, task.data, drawn);
    if (task && !prompt) return this.#images.suggest({ project, config, data: task.data, regions }, signal);
    if (!prompt) return [];
    const taken = [...regionsIn(value), ...regions].flatMap((one) => spanOf(one) ?? []);
    const labeled = await this.#labeledBefore(connection.projectId, prompt.control, signal);
    if (signal.aborted) return [];
    return spansFor(prompt, taken, labeled);
  }

  /** Text -> label of spans of this control in the last answers; what got several labels is left out. */
  async #labeledBefore(projectId: number, control: Control, signal: AbortSignal): Promise<Map<string, string>> {
    const { store } = this.#deps;
    const { annotations } = await store.projects.counts(projectId);
    const labelOf = new Map<string, string | null>();
    if (annotations === 0 || signal.aborted) return new Map();
    for (const { annotatorId } of await store.annotations.countsByAnnotator(projectId)) {
      for (const answer of await store.annotations.recent(projectId, annotatorId, ANSWERS_LOOKED_AT)) {
        for (const region of answer.result) {
          const text = isJsonObject(region.value) ? region.value.text : undefined;
          const [label] = region.from_name === control.name ? namesIn(region, control.valueKey) : [];
          if (typeof text !== 'string' || label === undefined) continue;
          labelOf.set(text, labelOf.has(text) && labelOf.get(text) !== label ? null : label);
        }
      }
    }
    return new Map([...labelOf].flatMap(([text, label]) => (label === null ? [] : [[text, label] as const])));
  }
}

interface Prompt {
  readonly control: Control;
  readonly object: ObjectTag;
  readonly text: string;
  readonly words: string;
  readonly label: string;
}

/** Null for what a text suggestion cannot follow from. */
function promptOf(config: ProjectConfig, data: JsonObject, drawn: JsonObject): Prompt | null {
  const control = typeof drawn.from_name === 'string' ? controlNamed(config.parsed, drawn.from_name) : undefined;
  const object = config.parsed.objects.find((one) => one.name === drawn.to_name);
  const text = object?.kind === 'text' && object.field !== null ? valueAt(data, object.field) : undefined;
  const span = spanOf(drawn);
  if (!control || !object || typeof text !== 'string' || !span) return null;
  const label = namesIn(drawn, control.valueKey)[0] ?? namesIn(drawn, 'labels')[0];
  const output = label === undefined ? undefined : outputFor(config, control, object, label);
  if (label === undefined || output === undefined) return null;
  return { control: output, object, text, words: text.slice(span.start, span.end), label };
}

/** The control itself unless it only prompts (`smartOnly`): then the first other one on the object that has the label. */
function outputFor(config: ProjectConfig, drawn: Control, object: ObjectTag, label: string): Control | undefined {
  const fits = (one: Control) =>
    one.kind === 'span' && one.toName.includes(object.name) && one.labels.some((own) => own.name === label);
  if (drawn.attributes.smartOnly !== 'true' && fits(drawn)) return drawn;
  return config.parsed.controls.find((one) => one !== drawn && fits(one)) ?? (fits(drawn) ? drawn : undefined);
}

function spansFor(prompt: Prompt, taken: readonly TextSpan[], labeled: ReadonlyMap<string, string>): JsonObject[] {
  const used: TextSpan[] = [...taken];
  const regions: JsonObject[] = [];
  const add = (words: string, label: string, score: number): void => {
    for (const span of sameSpans(words, prompt.text, used)) {
      if (regions.length >= SUGGESTED_MAX) return;
      used.push(span);
      regions.push(regionOf(prompt, span, label, score));
    }
  };
  add(prompt.words, prompt.label, SAME_WORDS);
  const known = new Set(prompt.control.labels.map((label) => label.name));
  // Longer ones first: "New York" is not "York".
  const others = [...labeled].filter(([, label]) => known.has(label)).sort(([a], [b]) => b.length - a.length);
  for (const [words, label] of others) add(words, label, LABELED_BEFORE);
  return regions;
}

function regionOf({ control, object, text }: Prompt, span: TextSpan, label: string, score: number): JsonObject {
  const { start, end } = span;
  const value = { start, end, text: text.slice(start, end), [control.valueKey]: [label] };
  const region = { from_name: control.name, to_name: object.name, type: control.type, value };
  return { id: stableHash(region).slice(0, 10), ...region, score };
}

/** Of the annotations and drafts that are there already. */
function regionsIn(task: unknown): JsonObject[] {
  if (!isJsonObject(task)) return [];
  const answers = [...listOf(task.annotations), ...listOf(task.drafts)].filter(isJsonObject);
  return answers.flatMap((answer) => listOf(answer.result).filter(isJsonObject));
}

function itemOf(result: readonly JsonObject[], version: string): JsonObject {
  const score = result.length === 0 ? 0 : Math.min(...result.map((region) => Number(region.score)));
  return { result, score, model_version: version };
}
