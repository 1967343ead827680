/** The queue: hands out the next task under a lease, with its suggestion and its reason. */
import type { Ranked } from '../../compute/compute.ts';
import type { Prediction, Task } from '../../core/domain.ts';
import { pagesOf, take } from '../../core/iterate.ts';
import type { Handed, Shown } from '../../store/ports/leases.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import type { Guesses } from '../learning/guess.ts';
import type { Loop } from '../learning/loop.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import { storedView } from '../suggestions/predictions.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { VoteSplits } from '../suggestions/vote-split.ts';
import type { QueueApi, QueueItem, QueueReason } from './api.ts';
import { reasonFor, unrankedReason } from './reason.ts';

/** A person waits no longer than this for an order that is being computed. */
const PATIENCE_MS = 250;
const CANDIDATES = 64;

/** What the queue shows beside a task. */
interface Hints {
  readonly suggestions: Suggestions;
  readonly guesses: Guesses;
  readonly voteSplits: VoteSplits;
}

export function createQueue(deps: Deps, loops: Loops, hints: Hints): QueueApi {
  const { store } = deps;
  return {
    async next(projectId, who, { exclude = [] } = {}) {
      return loops.use(projectId, async (loop) => {
        // Alone, one sees the order that one's own answer made; among many, a slightly old order beats a wait.
        if (loop.roster.isAlone(who.annotatorId)) await loop.ranking.settled(PATIENCE_MS);
        const held = await heldLease(deps, hints, loop, who, exclude);
        return held ?? lease(deps, hints, loop, who, exclude);
      });
    },

    async release(taskId, who, options = {}) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      if (options.postpone) await store.leases.postpone(taskId, who.annotatorId);
      await store.leases.release(taskId, who.annotatorId);
      const loop = await loops.peek(task.projectId);
      loop?.roster.giveBack(task.ordinal, who.annotatorId);
    },

    async preview(projectId, limit) {
      const loop = await loops.get(projectId);
      await loop.ranking.settled(PATIENCE_MS);
      const ranked = loop.ranking.tasks.slice(0, limit);
      const tasks = await store.tasks.byOrdinals(
        projectId,
        ranked.map((one) => one.ordinal),
      );
      const byOrdinal = new Map(tasks.map((task) => [task.ordinal, task]));
      const splits = await hints.voteSplits(
        loop,
        tasks.map((task) => task.id),
      );
      return ranked.flatMap((one, rank) => {
        const task = byOrdinal.get(one.ordinal);
        return task ? [{ task, reason: reasonFor(loop, one, rank + 1, splits.get(task.id)) }] : [];
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
  hints: Hints,
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
  // An edit of the task ends its leases, also since this one was read.
  if (!(await deps.store.leases.extend(task.id, who.annotatorId, expiresAt))) return undefined;
  loop.roster.lease(task.ordinal, who.annotatorId, expiresAt);
  const prediction = held.predictionId === null ? undefined : await deps.store.predictions.get(held.predictionId);
  return item(deps, hints, loop, loop.ranking.tasks, {
    task,
    prediction: prediction ?? null,
    blind: held.blind,
    expiresAt,
  });
}

async function lease(
  deps: Deps,
  hints: Hints,
  loop: Loop,
  who: Identity,
  exclude: readonly number[],
): Promise<QueueItem | undefined> {
  const postponed = await deps.store.leases.postponed(loop.project.id, who.annotatorId);
  const { tasks: order } = loop.ranking;
  const expiresAt = leaseEnd(deps, loop);
  for (const page of candidatePages(loop, who, order, postponed)) {
    const candidates = page.filter(({ id }) => !exclude.includes(id));
    const given = await give(deps, hints.suggestions, loop, who, candidates, expiresAt);
    if (!given) continue;
    loop.turns += 1;
    return item(deps, hints, loop, order, given);
  }
  return undefined;
}

interface Candidate {
  readonly id: number;
  readonly ordinal?: number;
}

/** The most wanted first; the later pages are only worked out when nobody could have the earlier. */
function* candidatePages(
  loop: Loop,
  { annotatorId }: Identity,
  order: readonly Ranked[],
  postponed: readonly number[],
): Generator<Candidate[]> {
  const { roster, blind } = loop;
  const later = new Set(postponed);
  const pages = function* (ordinals: Iterable<number>): Generator<Candidate[]> {
    for (const page of pagesOf(ordinals, CANDIDATES)) {
      yield page.map((ordinal) => ({ ordinal, id: roster.taskId(ordinal)! })).filter(({ id }) => !later.has(id));
    }
  };
  yield* pages(roster.partlyAnswered(annotatorId));
  yield* pages(roster.open(loop.wanted.keys(), annotatorId));
  if (blind.takesTurn(loop.turns)) yield* pages(take(roster.open(blind.ordinals(), annotatorId), CANDIDATES));
  yield* pages(roster.open(ordinalsOf(order), annotatorId));
  yield* pages(roster.sequential(annotatorId));
  yield* pages(roster.skipped(annotatorId));
  yield postponed.map((id) => ({ id }));
}

function* ordinalsOf(order: readonly Ranked[]): Generator<number> {
  for (const { ordinal } of order) yield ordinal;
}

/**
 * The roster nearly always knows which candidate it will be, so its suggestion is worked out first and one durable write
 * does all. The store decides: should it give another one, that one's suggestion is noted after.
 */
async function give(
  deps: Deps,
  suggestions: Suggestions,
  loop: Loop,
  { annotatorId }: Identity,
  candidates: readonly Candidate[],
  expiresAt: number,
): Promise<Given | undefined> {
  const { store } = deps;
  const [first] = candidates;
  if (!first) return undefined;
  // Out from this moment: whoever asks meanwhile looks at the next one.
  if (first.ordinal !== undefined) loop.roster.lease(first.ordinal, annotatorId, expiresAt);
  let handed: Handed | undefined;
  let foreseen: Task | undefined;
  try {
    foreseen = await store.tasks.get(first.id);
    handed = await store.leases.acquire({
      projectId: loop.project.id,
      annotatorId,
      candidates: candidates.map(({ id }) => id),
      overlap: loop.project.settings.overlap,
      expiresAt,
      ...(foreseen ? { show: { taskId: foreseen.id, ...(await toShow(deps, suggestions, loop, foreseen)) } } : {}),
    });
  } finally {
    if (first.ordinal !== undefined && handed?.taskId !== first.id) loop.roster.giveBack(first.ordinal, annotatorId);
  }
  if (!handed) return undefined;
  if (foreseen?.id === handed.taskId) return { ...handed, task: foreseen, expiresAt };
  const task = await store.tasks.get(handed.taskId);
  if (!task) return undefined;
  loop.roster.lease(task.ordinal, annotatorId, expiresAt);
  const shown = await toShow(deps, suggestions, loop, task);
  const prediction = await store.leases.show(task.id, annotatorId, shown);
  return { task, prediction, blind: shown.blind, expiresAt };
}

/** The suggestion, to be kept word for word, so that the answer can be held against what was really shown. */
async function toShow(deps: Deps, suggestions: Suggestions, loop: Loop, task: Task): Promise<Shown> {
  const blind = loop.isBlind(task);
  const suggested = await suggestions.forTask(loop, task);
  if (!suggested) return { prediction: null, blind };
  const labeler = await deps.store.labelers.ensure('model', suggested.name, suggested.version);
  const prediction = {
    projectId: task.projectId,
    taskId: task.id,
    labelerId: labeler.id,
    runId: null,
    result: suggested.result,
    score: suggested.score,
  };
  return { prediction, blind };
}

interface Given {
  readonly task: Task;
  readonly prediction: Prediction | null;
  readonly blind: boolean;
  readonly expiresAt: number;
}

/** `order` is the one the task was picked from: by now there may be a newer one without it. */
async function item(
  deps: Deps,
  { guesses, voteSplits }: Hints,
  loop: Loop,
  order: readonly Ranked[],
  { task, prediction, blind, expiresAt }: Given,
): Promise<QueueItem> {
  const at = order.findIndex((one) => one.ordinal === task.ordinal);
  const split = blind ? undefined : (await voteSplits(loop, [task.id])).get(task.id);
  const ranked = order[at];
  const why = (): QueueReason =>
    ranked ? reasonFor(loop, ranked, at + 1, split) : unrankedReason(loop, task.ordinal, split);
  const reason = blind ? null : why();
  // The hidden suggestion of a blind task stays on record: its answer says how good the model is when nobody sees it.
  const shown = blind || prediction === null ? null : await storedView(deps, prediction);
  const guess = blind || shown !== null ? null : await guesses.forTask(loop, task);
  return { task, prediction: shown, guess, reason, blind, leaseExpiresAt: expiresAt };
}

function leaseEnd({ clock }: Deps, loop: Loop): number {
  return clock.now() + 1000 * loop.project.settings.leaseSeconds;
}

async function queueState({ store }: Deps, loop: Loop): ReturnType<QueueApi['state']> {
  const counts = await store.projects.counts(loop.project.id);
  const { retrainEvery } = loop.project.settings;
  return {
    strategy: loop.strategy,
    embedder: loop.embedder,
    phase: loop.ranking.tasks[0]?.phase ?? 'sequential',
    ranked: loop.ranked,
    tasks: counts.tasks,
    annotationsUntilRetrain:
      retrainEvery === 0 ? null : Math.max(0, loop.trained.labels + retrainEvery - counts.labeledTasks),
    modelVersion: loop.version?.version ?? null,
    modelNumber: loop.version?.number ?? null,
  };
}
