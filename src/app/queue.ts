/** The queue: hands out the next task under a lease, with its suggestion and its reason. */
import type { Ranked } from '../compute/compute.ts';
import type { Prediction, Task } from '../core/domain.ts';
import { regionFromChoice } from '../labelconfig/index.ts';
import type { Identity, QueueApi, QueueItem, QueueReason } from './app.ts';
import type { Deps } from './deps.ts';
import { found } from './lookup.ts';
import type { Loop } from './loop.ts';
import type { Loops } from './loops.ts';
import { currentPredictions, storedView } from './predictions.ts';
import type { ProjectConfigs } from './project-config.ts';
import { reasonFor } from './reason.ts';
import { suggestionFor } from './suggest.ts';

/** A person waits no longer than this for an order that is being computed. */
const PATIENCE_MS = 250;
const CANDIDATES = 64;

export function createQueue(deps: Deps, loops: Loops, configs: ProjectConfigs): QueueApi {
  const { store } = deps;
  return {
    async next(projectId, who, { exclude = [] } = {}) {
      return loops.use(projectId, async (loop) => {
        // Alone, one sees the order that one's own answer made; among many, a slightly old order beats a wait.
        if (loop.roster.isAlone(who.annotatorId)) await loop.settled(PATIENCE_MS);
        const held = await heldLease(deps, loop, who, exclude);
        return held ?? lease(deps, configs, loop, who, exclude);
      });
    },

    async release(taskId, who, options = {}) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      if (options.postpone) await store.leases.postpone(taskId, who.annotatorId);
      await store.leases.release(taskId, who.annotatorId);
      const loop = await loops.peek(task.projectId);
      loop?.roster.giveBack(task.ordinal);
    },

    async preview(projectId, limit) {
      const loop = await loops.get(projectId);
      await loop.settled(PATIENCE_MS);
      const ranked = loop.order.slice(0, limit);
      const tasks = await store.tasks.byOrdinals(
        projectId,
        ranked.map((one) => one.ordinal),
      );
      const byOrdinal = new Map(tasks.map((task) => [task.ordinal, task]));
      return ranked.flatMap((one, rank) => {
        const task = byOrdinal.get(one.ordinal);
        return task ? [{ task, reason: reasonFor(loop, one, rank + 1) }] : [];
      });
    },

    async state(projectId) {
      return queueState(deps, await loops.get(projectId));
    },

    async rank(projectId) {
      await loops.get(projectId);
      await loops.reload(projectId);
      return queueState(deps, await loops.get(projectId));
    },

    rerankTimesMs: (projectId) => loops.rerankTimesMs(projectId),
  };
}

/** Asking again without answering gives the same task again: a reload of the page costs nobody an item. */
async function heldLease(
  deps: Deps,
  loop: Loop,
  who: Identity,
  exclude: readonly number[],
): Promise<QueueItem | undefined> {
  const leases = await deps.store.leases.ofAnnotator(loop.project.id, who.annotatorId);
  const held = leases.find((one) => !exclude.includes(one.taskId));
  if (!held) return undefined;
  const task = await deps.store.tasks.get(held.taskId);
  if (!task) return undefined;
  const expiresAt = leaseEnd(deps, loop);
  await deps.store.leases.extend(task.id, who.annotatorId, expiresAt);
  const prediction = held.predictionId === null ? undefined : await deps.store.predictions.get(held.predictionId);
  return item(deps, loop, loop.order, { task, prediction: prediction ?? null, blind: held.blind, expiresAt });
}

async function lease(
  deps: Deps,
  configs: ProjectConfigs,
  loop: Loop,
  who: Identity,
  exclude: readonly number[],
): Promise<QueueItem | undefined> {
  const expiresAt = leaseEnd(deps, loop);
  const blindTurn = loop.blind.takesTurn(loop.turns);
  const { order } = loop;
  for await (const page of candidatePages(deps, loop, who, { order, blindTurn })) {
    const candidates = page.filter((id) => !exclude.includes(id));
    if (candidates.length === 0) continue;
    const taskId = await deps.store.leases.acquire({
      projectId: loop.project.id,
      annotatorId: who.annotatorId,
      candidates,
      overlap: loop.project.settings.overlap,
      expiresAt,
    });
    const task = taskId === undefined ? undefined : await deps.store.tasks.get(taskId);
    if (!task) continue;
    loop.turns += 1;
    loop.roster.lease(task.ordinal, who.annotatorId, expiresAt);
    const blind = loop.blind.has(task.id);
    const prediction = await pinSuggestion(deps, configs, loop, task);
    await deps.store.leases.attach(task.id, who.annotatorId, { predictionId: prediction?.id ?? null, blind });
    return item(deps, loop, order, { task, prediction, blind, expiresAt });
  }
  return undefined;
}

/** Pages of task ids, the most wanted first; the later ones are only computed when nobody could have the earlier. */
async function* candidatePages(
  deps: Deps,
  loop: Loop,
  who: Identity,
  { order, blindTurn }: { order: readonly Ranked[]; blindTurn: boolean },
): AsyncGenerator<number[]> {
  const postponed = await deps.store.leases.postponed(loop.project.id, who.annotatorId);
  const later = new Set(postponed);
  const now = (ids: readonly number[]): number[] => ids.filter((id) => !later.has(id));

  for (const page of loop.roster.partlyAnswered(CANDIDATES)) yield now(page);
  if (blindTurn) yield now(loop.roster.open(loop.blind.ordinals(), CANDIDATES));
  yield now(
    loop.roster.open(
      order.map((one) => one.ordinal),
      order.length,
    ),
  );
  for (const page of loop.roster.sequential(CANDIDATES)) yield now(page);
  for (const page of loop.roster.skipped(CANDIDATES)) yield now(page);
  yield postponed;
}

/** Keeps the suggestion word for word, so that the answer can be held against what was really shown. */
async function pinSuggestion(deps: Deps, configs: ProjectConfigs, loop: Loop, task: Task): Promise<Prediction | null> {
  const suggested = await suggestionFor(loop, task, {
    shared: loop.roster.isShared,
    stored: async () => (await currentPredictions(deps, configs, task.projectId, [task]))[0],
  });
  if (!suggested || loop.config.control === null) return null;
  const labeler = await deps.store.labelers.ensure('model', 'head', loop.version?.version ?? 'live');
  const [prediction] = await deps.store.predictions.add([
    {
      projectId: task.projectId,
      taskId: task.id,
      labelerId: labeler.id,
      runId: null,
      result: [regionFromChoice(loop.config.control, suggested.labels, { score: suggested.score })],
      score: suggested.score,
    },
  ]);
  return prediction ?? null;
}

interface Handed {
  readonly task: Task;
  readonly prediction: Prediction | null;
  readonly blind: boolean;
  readonly expiresAt: number;
}

/** `order` is the one the task was picked from: by now there may be a newer one without it. */
async function item(
  deps: Deps,
  loop: Loop,
  order: readonly Ranked[],
  { task, prediction, blind, expiresAt }: Handed,
): Promise<QueueItem> {
  const at = order.findIndex((one) => one.ordinal === task.ordinal);
  const reason: QueueReason | null = blind ? null : reasonFor(loop, order[at], at + 1);
  // The hidden suggestion of a blind task stays on record: its answer says how good the model is when nobody sees it.
  const shown = blind || prediction === null ? null : await storedView(deps, prediction);
  return { task, prediction: shown, reason, blind, leaseExpiresAt: expiresAt };
}

function leaseEnd({ clock }: Deps, loop: Loop): number {
  return clock.now() + 1000 * loop.project.settings.leaseSeconds;
}

async function queueState({ store }: Deps, loop: Loop): ReturnType<QueueApi['state']> {
  const counts = await store.projects.counts(loop.project.id);
  const { queryStrategy } = loop.project.settings;
  return {
    strategy: queryStrategy,
    embedder: loop.embedder,
    phase: loop.order[0]?.phase ?? 'sequential',
    ranked: loop.ranked,
    tasks: counts.tasks,
    annotationsUntilRetrain: Math.max(0, loop.trainAt - counts.labeledTasks),
    modelVersion: loop.version?.version ?? null,
    modelNumber: loop.version?.number ?? null,
  };
}
