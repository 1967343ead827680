/** The suggestion for each of some tasks, as Label Studio stores it: stored ones first, then what can be computed in time. */
import type { Connection } from '../../core/connection.ts';
import type { Project, Task } from '../../core/domain.ts';
import { toAppError } from '../../core/errors.ts';
import { groupBy } from '../../core/group.ts';
import type { JsonObject } from '../../core/json.ts';
import { checkResult } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { hasEnded, isComing } from '../jobs/jobs.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import { type Scored, type ScoreOptions, scoreNow } from './score.ts';
import type { SuggestionVersions } from './version.ts';

export interface SuggestionItem {
  readonly task: Task | null;
  readonly data: JsonObject;
}

/** One look at a project: what all of its suggestions of this moment share. */
export interface Suggester {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly version: string;
  /** Null: nothing can be said of it. Undefined: not done by the time the signal was raised. */
  suggest(items: readonly SuggestionItem[], options: ScoreOptions): Promise<(Scored | null | undefined)[]>;
}

export interface ProposalParts {
  readonly loops: Loops;
  readonly matrices: Matrices;
  readonly configs: ProjectConfigs;
  readonly suggestions: Suggestions;
}

/** Tasks per look at the store. */
const CHUNK = 500;
const QUANTUM = 1e6;

export class Proposals {
  readonly #deps: Deps;
  readonly #loops: Loops;
  readonly #matrices: Matrices;
  readonly #configs: ProjectConfigs;
  readonly #suggestions: Suggestions;
  readonly #versions: SuggestionVersions;

  constructor(deps: Deps, { loops, matrices, configs, suggestions }: ProposalParts, versions: SuggestionVersions) {
    this.#deps = deps;
    this.#loops = loops;
    this.#matrices = matrices;
    this.#configs = configs;
    this.#suggestions = suggestions;
    this.#versions = versions;
  }

  async of(connection: Connection): Promise<Suggester> {
    const project = await found('project', connection.projectId, this.#deps.store.projects.get(connection.projectId));
    const config = this.#configs.of(project);
    const { name, suggests } = await this.#versions.of(project.id);
    const rescore = await this.#scores(connection);
    return {
      project,
      config,
      version: name,
      suggest: async (items, options) => {
        if (!suggests) return items.map(() => null);
        const scored = await this.#suggest({ project, config }, items, options);
        return scored.map((one, i) => one && rescore(checked(config, items[i]!.data, one), items[i]!.task));
      },
    };
  }

  async #suggest(
    of: { project: Project; config: ProjectConfig },
    items: readonly SuggestionItem[],
    options: ScoreOptions,
  ): Promise<(Scored | null | undefined)[]> {
    const answers: (Scored | null | undefined)[] = await this.#stored(of.project, items);
    const fill = async (): Promise<void> => {
      const open = items.flatMap((_, i) => (answers[i] === undefined ? [i] : []));
      if (open.length === 0) return;
      const scored = await scoreNow(
        this.#deps,
        { loops: this.#loops, matrices: this.#matrices },
        of,
        open.map((i) => items[i]!),
        options,
      );
      for (const [k, one] of scored.entries()) if (one !== null) answers[open[k]!] = one;
    };
    try {
      await fill();
    } catch (error) {
      this.#deps.log.warn(
        { project: of.project.id, error: toAppError(error).code },
        'texts could not be scored at once',
      );
    }
    // What the head cannot say may come from work that is under way: rules, other models.
    while (
      answers.includes(undefined) &&
      !options.signal.aborted &&
      (await this.#jobEnds(of.project.id, options.signal))
    ) {
      const open = items.flatMap((_, i) => (answers[i] === undefined ? [i] : []));
      const stored = await this.#stored(
        of.project,
        open.map((i) => items[i]!),
      );
      for (const [k, one] of stored.entries()) answers[open[k]!] = one;
    }
    // All work is done and there is still nothing: that is an answer too.
    return options.signal.aborted ? answers : answers.map((one) => one ?? null);
  }

  async #stored(project: Project, items: readonly SuggestionItem[]): Promise<(Scored | undefined)[]> {
    const byTask = new Map<number, Scored>();
    const tasks = items.flatMap((item) => item.task ?? []);
    for (let at = 0; at < tasks.length; at += CHUNK) {
      const views = await this.#suggestions.current(project.id, tasks.slice(at, at + CHUNK));
      for (const [taskId, own] of groupBy(views, (view) => view.taskId)) {
        // Several controls, several models: one result, as sure as its least sure part.
        // One whose chance nobody knows yet counts as a guess.
        const scores = own.map((view) => view.score ?? 0);
        byTask.set(taskId, { result: own.flatMap((view) => view.result), score: Math.min(1, ...scores) });
      }
    }
    return items.map((item) => (item.task === null ? undefined : byTask.get(item.task.id)));
  }

  /** Waits until a job of the project ends; false when none is left that could bring a suggestion. */
  async #jobEnds(projectId: number, signal: AbortSignal): Promise<boolean> {
    const { jobs } = this.#deps.store;
    let stop = (): void => undefined;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        const unsubscribe = jobs.onChange((job) => {
          if (job.projectId === projectId && hasEnded(job) && BRINGING.includes(job.kind)) resolve(true);
        });
        const abort = (): void => resolve(false);
        signal.addEventListener('abort', abort);
        stop = () => {
          unsubscribe();
          signal.removeEventListener('abort', abort);
        };
        jobs
          .list({ projectId, limit: JOBS_LOOKED_AT })
          .then((all) => all.some((job) => isComing(job) && BRINGING.includes(job.kind)) || resolve(false), reject);
      });
    } finally {
      stop();
    }
  }

  /** Keeps how sure a prediction is, or writes where its task stands in the queue, the next one lowest. */
  async #scores({ projectId, settings }: Connection): Promise<(scored: Scored, task: Task | null) => Scored> {
    if (settings.scores === 'confidence') return (scored) => scored;
    const loop = await this.#loops.get(projectId);
    const rank = new Map(loop.ranking.tasks.map((one, i) => [one.ordinal, i / (2 * loop.ranking.tasks.length)]));
    return (scored, task) => {
      const place = (task && rank.get(task.ordinal)) ?? 0.5 + scored.score / 2;
      return { ...scored, score: Math.round(place * QUANTUM) / QUANTUM };
    };
  }
}

const JOBS_LOOKED_AT = 50;
/** Jobs of these kinds keep nobody waiting: they go out to others, or only learn. */
const BRINGING: readonly string[] = [
  'import',
  'embed',
  'predict',
  'apply-rules',
  'label-model',
  'prelabel-by-model',
  'propagate',
];

/** One bad region makes Label Studio drop the whole call, so regions that do not fit stay behind. */
function checked(config: ProjectConfig, data: JsonObject, scored: Scored): Scored {
  const { regions } = checkResult(config.parsed, { data }, scored.result);
  return { result: regions, score: Math.min(1, Math.max(0, scored.score)) };
}
