/** Spreading labels, and what belongs to it: cards, bulk labels, copies, spans, and keeping up with corrections. */
import type { Annotation, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { stableHash } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import type { Loops } from '../learning/loops.ts';
import { ordinalsInside } from '../learning/map.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { classesOf } from '../queue/answers.ts';
import { askAgain, drawForChecking } from '../queue/wanted.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { SpreadApi, SpreadSettings } from './api.ts';
import { BULK_ITEMS_MAX, type CardSource, cardsOf, enqueueBulk, enqueueSkips, sampleOf } from './bulk.ts';
import { duplicatesNow, enqueueDuplicates, type FoundDuplicates } from './duplicates.ts';
import { factsOf } from './facts.ts';
import type { Neighbours } from './neighbours.ts';
import { lackOf, type Plan, planView } from './plan.ts';
import { enqueueSpread, type Plans, requireControl } from './run.ts';
import { enqueueSpans } from './spans.ts';
import { propagationInForce } from './votes.ts';

export interface SpreadParts {
  readonly neighbours: Neighbours;
  readonly plans: Plans;
  readonly duplicates: FoundDuplicates;
  readonly matrices: Matrices;
  readonly suggestions: Pick<Suggestions, 'current'>;
}

/** Random tasks asked for at once: an afternoon's work. */
const VERIFY_MAX = 500;
/** Where no plan says how many: with these a bound can be given at all. */
const VERIFY_DEFAULT = 30;

export function createSpread(deps: Deps, loops: Loops, configs: ProjectConfigs, parts: SpreadParts): SpreadApi {
  const { store } = deps;
  const { neighbours, plans, duplicates, matrices, suggestions } = parts;
  const projectOf = (id: number) => found('project', id, store.projects.get(id));
  /** None after a change of the labels: its lines would get other names. */
  const planOf = (projectId: number, { classes }: ProjectConfig): Plan | undefined => {
    const plan = plans.get(projectId);
    return plan && stableHash(plan.classes) === stableHash(classes) ? plan : undefined;
  };
  const source = async (projectId: number): Promise<CardSource> => {
    const config = configs.of(await projectOf(projectId));
    return {
      deps,
      neighbours,
      projectId,
      config,
      plan: planOf(projectId, config),
      suggestions,
      inside: (area) => ordinalsInside(deps, matrices, configs, projectId, area),
    };
  };
  const enqueue = async (act: 'preview' | 'apply', projectId: number, settings: SpreadSettings) => {
    requireControl(configs.of(await projectOf(projectId)));
    checkShare('target', settings.target);
    checkShare('level', settings.level);
    return enqueueSpread(deps, projectId, { ...settings, act });
  };
  return {
    preview: (projectId, settings) => enqueue('preview', projectId, settings),
    apply: (projectId, settings) => enqueue('apply', projectId, settings),

    async plan(projectId) {
      const project = await projectOf(projectId);
      const config = configs.of(project);
      const plan = planOf(projectId, config);
      if (!plan) return undefined;
      const { fingerprint } = await factsOf(deps, project, config);
      return planView(plan, config, fingerprint !== plan.facts.fingerprint);
    },

    async verify(projectId, count) {
      const plan = plans.get(projectId);
      const lacks = (plan?.answers ?? []).map((answer) => lackOf(answer, plan!.facts.verified.length) ?? 0);
      const wanted = Math.min(VERIFY_MAX, count ?? (Math.max(0, ...lacks) || VERIFY_DEFAULT));
      return askAgain(deps, loops, projectId, await drawForChecking(deps, projectId, wanted), true);
    },

    cards: async (projectId, query) => cardsOf(await source(projectId), query),
    sample: async (projectId, query, count) => sampleOf(await source(projectId), query, count),

    async label(projectId, items, who) {
      if (items.length > BULK_ITEMS_MAX) {
        throw new AppError(
          'LIMIT_SIZE',
          `At most ${BULK_ITEMS_MAX} tasks are labeled in one act, not ${items.length}.`,
        );
      }
      return enqueueBulk(deps, configs, projectId, items, who);
    },

    findDuplicates: async (projectId) => enqueueDuplicates(deps, (await projectOf(projectId)).id),
    duplicates: async (projectId) =>
      duplicatesNow(deps, configs.of(await projectOf(projectId)), duplicates.get(projectId)),

    async keepOne(projectId, keep, who) {
      const group = duplicates.get(projectId)?.groups.find(({ tasks }) => tasks.includes(keep));
      if (!group) throw new AppError('NOT_FOUND', `Task ${keep} is in no group of copies; look for copies first.`);
      return enqueueSkips(
        deps,
        projectId,
        group.tasks.filter((id) => id !== keep),
        who,
      );
    },

    spreadSpan: (projectId, request) => enqueueSpans(deps, configs, projectId, request),
  };
}

function checkShare(field: string, value: number | undefined): void {
  if (value === undefined || (value > 0 && value < 1)) return;
  throw new AppError('INPUT_BAD_FIELD', `\`${field}\` lies between 0 and 1, not at ${value}.`, { details: { field } });
}

/** Tells propagation that an answer it may stand on was changed (`now`) or taken back (null). */
export type OnCorrection = (task: Task, before: Annotation, now: Annotation | null) => void;

export function createCorrections(deps: Deps, configs: ProjectConfigs): OnCorrection {
  const { store, log } = deps;
  return (task, before, now) => {
    const check = async (): Promise<void> => {
      const inForce = propagationInForce(await store.runs.list(task.projectId));
      if (!inForce || before.createdAt > inForce.createdAt) return;
      const config = configs.of(await found('project', task.projectId, store.projects.get(task.projectId)));
      const said = (one: Annotation | null): string =>
        one === null || one.skipped ? '' : classesOf(config, one).sort().join();
      if (said(before) === said(now)) return;
      await enqueueSpread(deps, task.projectId, { act: 'again' });
    };
    check().catch((error: unknown) =>
      log.error({ taskId: task.id, error: String(error) }, 'a correction did not spread'),
    );
  };
}
