/** Training: a challenger fitted on all answers replaces the serving version only if it is not worse. */
import { createHash } from 'node:crypto';
import type { TrainedHead } from '../compute/compute.ts';
import type { Job, ModelVersion } from '../core/domain.ts';
import type { Json } from '../core/json.ts';
import { classesOf } from './answers.ts';
import { type Contest, judge } from './contest.ts';
import type { Deps } from './deps.ts';
import type { JobWork } from './job-runner.ts';
import type { Loop } from './loop.ts';
import type { Loops } from './loops.ts';
import { type Matrices, readRows } from './matrices.ts';
import { enqueuePredict } from './predict.ts';

export const TRAIN = 'train';

const VERSION_HEX_DIGITS = 12;

export function enqueueTraining({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job> {
  return store.jobs.enqueue({ kind: TRAIN, projectId, params: {}, dedupeKey: `${TRAIN}/${projectId}` });
}

/** The retrain policy: so many new answers since the serving version was trained. */
export async function retrainWhenDue(deps: Deps, loops: Loops, projectId: number): Promise<void> {
  const loop = await loops.peek(projectId);
  if (!loop || loop.config.control === null) return;
  const { labeledTasks } = await deps.store.projects.counts(projectId);
  if (labeledTasks >= loop.trainAt) {
    loop.trainAt = labeledTasks + loop.project.settings.retrainEvery;
    await enqueueTraining(deps, projectId);
  }
}

export function createTrainHandler(deps: Deps, loops: Loops, matrices: Matrices) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const loop = await loops.get(projectId);
    await work.progress({ stage: 'fitting', done: 0, total: 1 });
    const trained = await loop.train();
    const control = loop.config.control;
    if (!trained || control === null) {
      return {
        trained: false,
        reason: 'The answers so far hold fewer than two labels; there is nothing to tell apart.',
      };
    }
    const version = createHash('sha256').update(trained.head).digest('hex').slice(0, VERSION_HEX_DIGITS);
    const champion = await deps.store.models.active(projectId, control.name);
    if (champion?.version === version)
      return { trained: false, reason: 'Nothing has changed since the serving version.' };

    const contest = champion ? await hold(deps, matrices, loop, champion, trained) : null;
    const verdict = judge(contest);
    const outOfFold = await matrices.outOfFold(projectId, version, loop.config.classes.length);
    await outOfFold.write(trained.ordinals, trained.outOfFold);
    const challenger = await deps.store.models.add({
      projectId,
      control: control.name,
      version,
      embedder: loop.embedder,
      trainedOn: trained.trainedOn,
      metrics: trained.metrics,
      head: trained.head,
      verdict: verdict.sentence,
    });
    const pinned = loop.project.settings.pinnedVersion !== null;
    if (verdict.accepted && !pinned) await serve(deps, loop, challenger, verdict.sentence);
    await work.progress({ stage: 'fitted', done: 1, total: 1 });
    return {
      trained: true,
      version,
      number: challenger.number,
      accepted: verdict.accepted && !pinned,
      verdict: verdict.sentence,
    };
  };
}

async function serve(deps: Deps, loop: Loop, version: ModelVersion, verdict: string): Promise<void> {
  const active = await deps.store.models.activate(version.id, verdict);
  await loop.install(active);
  await loop.refresh();
  await enqueuePredict(deps, version.projectId);
}

/**
 * Both on the same answers, neither having seen them: the challenger by its out-of-fold probabilities, the champion by
 * its own record where it was trained on the task, and by its head where the answer came later.
 */
async function hold(
  deps: Deps,
  matrices: Matrices,
  loop: Loop,
  champion: ModelVersion,
  trained: TrainedHead,
): Promise<Contest | null> {
  const classCount = loop.config.classes.length;
  const record = await matrices.outOfFold(champion.projectId, champion.version, classCount).catch(() => null);
  // Another label set cannot be compared answer by answer.
  if (record === null) return null;
  const embeddings = await matrices.embeddings(champion.projectId, champion.embedder);
  const fresh = trained.ordinals.filter((ordinal) => !record.has(ordinal) && embeddings.has(ordinal));
  const judged = trained.ordinals.filter((ordinal) => record.has(ordinal) || embeddings.has(ordinal));
  const ofHead =
    fresh.length === 0
      ? new Float32Array(0)
      : await deps.compute.predict(champion.head, await readRows(embeddings, fresh));
  const ofRecord = await readRows(record, judged);
  const freshAt = new Map(Array.from(fresh, (ordinal, i) => [ordinal, i]));
  const trainedAt = new Map(Array.from(trained.ordinals, (ordinal, i) => [ordinal, i]));
  const rowOf = (rows: Float32Array, i: number): Float32Array => rows.subarray(i * classCount, (i + 1) * classCount);
  const truths = await truthsOf(deps, loop, judged);
  const pairs = Array.from(judged).flatMap((ordinal, i) => {
    const truth = truths.get(ordinal);
    if (!truth) return [];
    const head = freshAt.get(ordinal);
    const champions = head === undefined ? rowOf(ofRecord, i) : rowOf(ofHead, head);
    return [{ truth, champion: champions, challenger: rowOf(trained.outOfFold, trainedAt.get(ordinal)!) }];
  });
  return { championNumber: champion.number, pairs };
}

/** Class indices of the answers, by ordinal. */
async function truthsOf({ store }: Deps, loop: Loop, ordinals: Uint32Array): Promise<Map<number, number[]>> {
  const tasks = await store.tasks.byOrdinals(loop.project.id, [...ordinals]);
  const annotations = await store.annotations.ofTasks(tasks.map((task) => task.id));
  const ordinalOf = new Map(tasks.map((task) => [task.id, task.ordinal]));
  return new Map(
    annotations
      .filter((annotation) => !annotation.skipped)
      .map((annotation) => [ordinalOf.get(annotation.taskId)!, classesOf(loop.config, annotation)]),
  );
}
