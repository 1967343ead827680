/** Training: a challenger fitted on all answers replaces the serving version only if it is not worse. */
import { createHash } from 'node:crypto';
import type { TrainedHead } from '../../compute/compute.ts';
import type { Job, ModelVersion, Project } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { CROSS_VALIDATION_MIN } from '../../heads/index.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { type ProjectConfig, readProjectConfig } from '../projects/project-config.ts';
import { ofPeople, promotionRuns, sharesOf } from '../queue/answers.ts';
import { type Contest, judge, type Verdict } from './contest.ts';
import { DriftCount } from './drift.ts';
import { trainFurther } from './further-heads.ts';
import { type Loop, standingOf } from './loop.ts';
import type { Loops } from './loops.ts';
import { pinnedOf } from './pins.ts';
import { enqueuePredict } from './predict.ts';
import { type RetrainFacts, retrainRules } from './retrain-policy.ts';

export const TRAIN = 'train';

const VERSION_HEX_DIGITS = 12;

/** One that runs has read its answers already: only one that still waits is joined. */
export function enqueueTraining({ store }: Pick<Deps, 'store'>, projectId: number): Promise<Job> {
  return store.jobs.enqueue({ kind: TRAIN, projectId, params: {}, dedupeKey: `${TRAIN}/${projectId}` });
}

/** Asks the policy of a project, and trains when any of its rules is met. Undefined when none is. */
export async function retrainWhenDue(
  deps: Deps,
  loops: Loops,
  { project, config }: { project: Project; config: ProjectConfig },
): Promise<Job | undefined> {
  if (config.control === null) return undefined;
  const loop = await loops.peek(project.id);
  const facts = await retrainFacts(deps, project, loop);
  if (!retrainRules(project.settings, facts).some((rule) => rule.met)) return undefined;
  loop?.trainedAt({ labels: facts.labels, verified: facts.verified, at: facts.now });
  return enqueueTraining(deps, project.id);
}

/** Without a loop the newest version says what the last training stood on. */
export async function retrainFacts(
  { store, clock }: Deps,
  project: Project,
  loop: Loop | undefined,
): Promise<RetrainFacts> {
  const { labeledTasks, groundTruth } = await store.projects.counts(project.id);
  const newest = loop ? undefined : (await store.models.list(project.id)).at(-1);
  const never = { labels: 0, verified: 0, at: Date.parse(project.createdAt) };
  return {
    labels: labeledTasks,
    verified: groundTruth,
    trained: loop?.trained ?? (newest ? standingOf(newest) : never),
    drift: (loop?.drift ?? new DriftCount()).figures(),
    now: clock.now(),
  };
}

export function createTrainHandler(deps: Deps, loops: Loops, matrices: Matrices) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    await work.progress({ stage: 'fitting', done: 0, total: 1 });
    const challenges = await loops.use(projectId, (loop) => fitChallengers(deps, matrices, loop));
    const reports: Json[] = [];
    throwIfStopped(work.signal);
    for (const { control, challenge } of challenges) {
      reports.push({ control, ...(await settle(deps, loops, challenge)) });
    }
    await work.progress({ stage: 'fitted', done: 1, total: 1 });
    const [first = null, ...further] = reports;
    return { ...(first as JsonObject), ...(further.length > 0 ? { further } : {}) };
  };
}

type Challenge = { reason: string } | { challenger: ModelVersion; verdict: Verdict };

/** One for each control that a head learns, the first control first. */
async function fitChallengers(
  deps: Deps,
  matrices: Matrices,
  loop: Loop,
): Promise<{ control: string; challenge: Challenge }[]> {
  // Before the answers are read: one that comes meanwhile counts as new, whether it was seen or not.
  const { labeledTasks: labeled, groundTruth: verified } = await deps.store.projects.counts(loop.project.id);
  const first = { config: loop.config, trained: await loop.train() };
  const heads = [first, ...(await trainFurther(deps, matrices, loop))];
  const challenges: { control: string; challenge: Challenge }[] = [];
  for (const { config, trained } of heads) {
    const challenge = await challengeBy(
      deps,
      matrices,
      { project: loop.project, embedder: loop.embedder, config, counts: { labeled, verified } },
      trained,
    );
    challenges.push({ control: config.control?.name ?? '', challenge });
  }
  return challenges;
}

/** Puts the challenger into service if it won. */
async function settle(deps: Deps, loops: Loops, challenge: Challenge): Promise<JsonObject> {
  if ('reason' in challenge) return { trained: false, reason: challenge.reason };
  const { challenger, verdict } = challenge;
  const served = verdict.accepted && (await serve(deps, loops, challenger, verdict.sentence));
  const { version, number } = challenger;
  return { trained: true, version, number, accepted: served, verdict: verdict.sentence };
}

/** Why a training comes to nothing. */
export const NO_CHOICES = 'The label config has no list of choices that a model could learn.';
export const TOO_FEW_ANSWERS = `A training needs at least ${CROSS_VALIDATION_MIN} embedded answers, and two different labels among them; they are not there yet.`;

/** What a head is held against: the rows it stands on and the control it answers; and what was labeled when it was fitted. */
interface Ground {
  readonly project: Project;
  readonly embedder: string;
  readonly config: ProjectConfig;
  readonly counts: { readonly labeled: number; readonly verified: number };
}

/** Fits on all answers, holds the result against the serving version, and keeps it whatever comes of that. */
async function challengeBy(
  deps: Deps,
  matrices: Matrices,
  ground: Ground,
  trained: TrainedHead | null,
): Promise<Challenge> {
  const { store } = deps;
  const projectId = ground.project.id;
  const { control, classes } = ground.config;
  if (control === null) return { reason: NO_CHOICES };
  if (!trained) return { reason: TOO_FEW_ANSWERS };
  const version = createHash('sha256').update(trained.head).digest('hex').slice(0, VERSION_HEX_DIGITS);
  const champion = await store.models.active(projectId, control.name);
  if (champion?.version === version) return { reason: 'Nothing has changed since the serving version.' };
  const verdict = judge(champion ? await hold(deps, matrices, ground, champion, trained) : null);
  await matrices.withOutOfFold({ projectId, version, classes }, (record) =>
    record.write(trained.ordinals, trained.outOfFold),
  );
  const challenger = await store.models.add({
    projectId,
    control: control.name,
    version,
    embedder: ground.embedder,
    trainedOn: trained.trainedOn,
    metrics: { ...trained.metrics, ...ground.counts },
    head: trained.head,
    verdict: verdict.sentence,
  });
  return { challenger, verdict };
}

/** Unless somebody pinned another version in the meantime. */
async function serve(deps: Deps, loops: Loops, version: ModelVersion, verdict: string): Promise<boolean> {
  const project = await deps.store.projects.get(version.projectId);
  if (!project) return false;
  const first = readProjectConfig(project.labelConfig);
  if (pinnedOf(project.settings, first, version.control) !== null) return false;
  const active = await deps.store.models.activate(version.id, verdict);
  if (version.control === first.control?.name) {
    await loops.use(version.projectId, async (loop) => {
      await loop.install(active);
      await loop.ranking.refresh();
    });
  }
  await enqueuePredict(deps, version.projectId);
  return true;
}

/**
 * Both on the same answers, neither having seen them: the challenger by its out-of-fold probabilities, the champion by
 * its own record where it was trained on the task, and by its head where the answer came later. Null when the champion
 * has no record under these labels: then there is nothing to compare.
 */
async function hold(
  deps: Deps,
  matrices: Matrices,
  { project, config }: Ground,
  champion: ModelVersion,
  trained: TrainedHead,
): Promise<Contest | null> {
  const { classes } = config;
  const embeddings = await matrices.embeddings(champion.projectId, champion.embedder);
  const output = { projectId: champion.projectId, version: champion.version, classes };
  return matrices.withOutOfFold(output, async (record) => {
    if (record.filled === 0) return null;
    const judged = trained.ordinals.filter((ordinal) => record.has(ordinal) || embeddings.has(ordinal));
    const fresh = judged.filter((ordinal) => !record.has(ordinal));
    const ofRecord = await readRows(record, judged);
    const ofHead =
      fresh.length === 0
        ? ofRecord
        : await deps.compute.predict(champion.head, await readRows(embeddings, fresh), classes);
    const rowOf = (rows: Float32Array, i: number): Float32Array => {
      return rows.subarray(i * classes.length, (i + 1) * classes.length);
    };
    const freshAt = new Map(Array.from(fresh, (ordinal, i) => [ordinal, i]));
    const trainedAt = new Map(Array.from(trained.ordinals, (ordinal, i) => [ordinal, i]));
    const shares = await sharesByOrdinal(deps, project.id, config, judged);
    const pairs = Array.from(judged).flatMap((ordinal, i) => {
      const truth = shares.get(ordinal);
      if (!truth) return [];
      const head = freshAt.get(ordinal);
      const champions = head === undefined ? rowOf(ofRecord, i) : rowOf(ofHead, head);
      return [{ truth, champion: champions, challenger: rowOf(trained.outOfFold, trainedAt.get(ordinal)!) }];
    });
    return { championNumber: champion.number, multiple: config.control?.multiple ?? false, pairs };
  });
}

/** What people say of each task: the share of each class among their answers. */
async function sharesByOrdinal(
  { store }: Deps,
  projectId: number,
  config: ProjectConfig,
  ordinals: Uint32Array,
): Promise<Map<number, number[]>> {
  const tasks = await store.tasks.byOrdinals(projectId, [...ordinals]);
  const annotations = await store.annotations.ofTasks(tasks.map((task) => task.id));
  // Promoted labels teach, and prove nothing: they are machine labels by another name.
  const given = ofPeople(annotations, await promotionRuns(store, projectId));
  const byTask = groupBy(given, (annotation) => annotation.taskId);
  return new Map(
    tasks.flatMap((task) => {
      const shares = sharesOf(config, byTask.get(task.id) ?? []);
      return shares ? [[task.ordinal, shares] as const] : [];
    }),
  );
}
