/**
 * The job that spreads labels: works out a plan; to apply, writes what the gate lets through as votes of one run that
 * counts only when it has ended well; after a correction, does it again and takes the run before it back.
 */

import { isoTime } from '../../core/clock.ts';
import type { Job, Project, Run } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { endedRun, takeBackAttempts, wholeRun } from '../jobs/whole-run.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { askAgain } from '../queue/wanted.ts';
import type { SpreadSettings } from './api.ts';
import { factsOf } from './facts.ts';
import { inTasks } from './neighbour-job.ts';
import type { Neighbours } from './neighbours.ts';
import { linesOf, type Plan, type PlanLine } from './plan.ts';
import { propagationInForce } from './votes.ts';

export const SPREAD = 'propagate';

/** Plans of the projects at work; they can be made again. */
export type Plans = Map<number, Plan>;

export const DEFAULT_TARGET = 0.95;
export const DEFAULT_LEVEL = 0.8;
const CLUSTERS_MAX = 24;

export interface SpreadAct extends SpreadSettings {
  /** `again`: after a correction, in place of the run in force and under its settings. */
  readonly act: 'preview' | 'apply' | 'again';
}

export function enqueueSpread({ store }: Pick<Deps, 'store'>, projectId: number, act: SpreadAct): Promise<Job> {
  return store.jobs.enqueue({
    kind: SPREAD,
    projectId,
    params: { ...act },
    dedupeKey: `${SPREAD}/${projectId}/${act.act}`,
  });
}

export function createSpreadHandler(
  deps: Deps,
  loops: Loops,
  neighbours: Neighbours,
  configs: ProjectConfigs,
  plans: Plans,
) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const project = await found('project', projectId, deps.store.projects.get(projectId));
    const config = configs.of(project);
    requireControl(config);
    const asked = work.job.params as unknown as SpreadAct;
    const ended = await endedRun(deps, work.job);
    if (ended) return finish(deps, loops, project, ended);
    await takeBackAttempts(deps, work);
    throwIfStopped(work.signal);
    const replaces = asked.act === 'again' ? propagationInForce(await deps.store.runs.list(projectId)) : undefined;
    if (asked.act === 'again' && !replaces) return { votes: 0, reason: 'Nothing is propagated any more.' };
    const act: SpreadAct = replaces ? { ...asked, ...(replaces.params as SpreadSettings) } : asked;
    const plan = await planFor(deps, neighbours, work, { project, config, act, known: plans.get(projectId) });
    plans.set(projectId, plan);
    const accepted = plan.lines.filter((line) => line.accepted);
    if (act.act === 'preview') return { items: plan.items, proposed: plan.lines.length, accepted: accepted.length };
    const run = await write(deps, work, { project, config, plan, accepted, replaces: replaces?.id ?? null });
    return finish(deps, loops, project, run);
  };
}

/** What follows once the run stands; nothing of it is done twice when a crash makes it begin anew. */
async function finish(deps: Deps, loops: Loops, project: Project, run: Run): Promise<Json> {
  const { replaces } = run.params;
  const again = await replaceRun(deps, loops, project, run, typeof replaces === 'number' ? replaces : undefined);
  return { runId: run.id, votes: run.written, askedAgain: again };
}

export function requireControl(config: ProjectConfig): void {
  if (config.control !== null) return;
  throw new AppError(
    'INPUT_BAD_FIELD',
    'The label config asks for no task-wide class, so there is no label to spread.',
    {
      details: { field: 'label_config' },
    },
  );
}

interface Wanted {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly act: SpreadAct;
  readonly known: Plan | undefined;
}

/** The plan that people looked at, as long as nothing has changed; else a new one. */
async function planFor(
  deps: Deps,
  neighbours: Neighbours,
  work: JobWork,
  { project, config, act, known }: Wanted,
): Promise<Plan> {
  const facts = await factsOf(deps, project, config);
  const target = act.target ?? known?.target ?? DEFAULT_TARGET;
  const level = act.level ?? known?.level ?? DEFAULT_LEVEL;
  const same = known?.facts.fingerprint === facts.fingerprint && known.target === target && known.level === level;
  if (known && same && act.act !== 'preview') return known;
  const { tasks } = await deps.store.projects.counts(project.id);
  return neighbours.use(
    project.id,
    async ({ spaces, key }) => {
      const options = { signal: work.signal, onProgress: inTasks(work, tasks) };
      const built = await spaces.build(key, options);
      if (built.note.includes('built again'))
        deps.log.warn({ projectId: project.id, note: built.note }, 'neighbour files');
      const { seeds, verified } = facts;
      const { multiple } = config.control!;
      const request = { classCount: config.classes.length, multiple, seeds, verified, target, level };
      const answers = await spaces.spread(key, request, options);
      throwIfStopped(work.signal);
      const lines = linesOf(answers, facts);
      const some = lines.some((line) => line.accepted) ? lines.filter((line) => line.accepted) : lines;
      const ordinals = Uint32Array.from(new Set(some.map((line) => line.ordinal)));
      const count = Math.min(CLUSTERS_MAX, Math.ceil(Math.sqrt(ordinals.length / 2)));
      const clusters = ordinals.length === 0 ? [] : await spaces.clusters(key, ordinals, count, options);
      const createdAt = isoTime(deps.clock);
      const { classes } = config;
      const { items } = built;
      return { createdAt, embedder: key.embedder, classes, target, level, items, facts, answers, lines, clusters };
    },
    work.signal,
  );
}

interface Writing {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly plan: Plan;
  readonly accepted: readonly PlanLine[];
  readonly replaces: number | null;
}

function write(deps: Deps, work: JobWork, writing: Writing): Promise<Run> {
  const { store } = deps;
  const { project, plan, accepted, config } = writing;
  const start = {
    kind: 'propagation',
    labelerId: null,
    summary: summaryOf(writing),
    params: {
      target: plan.target,
      level: plan.level,
      embedder: plan.embedder,
      answers: plan.facts.fingerprint,
      methods: plan.answers.map((answer) => answer.method),
      replaces: writing.replaces,
    },
  } as const;
  return wholeRun(deps, work, start, async (run) => {
    const labels = await store.labels.sync(project.id, config.control!.name, config.classes);
    const labeler = await store.labelers.ensure('neighbour', String(run.id), plan.answers[0]?.method ?? '');
    for (let at = 0; at < accepted.length; at += LIMITS.jobChunkRows) {
      throwIfStopped(work.signal);
      const some = accepted.slice(at, at + LIMITS.jobChunkRows);
      await store.votes.write(
        run.id,
        some.map(({ taskId, ordinal, label, score }) => ({
          taskId,
          ordinal,
          labelId: labels.find((one) => one.value === config.classes[label])!.id,
          labelerId: labeler.id,
          score: score ?? 0,
        })),
      );
      await store.spread.addSources(run.id, some);
      await work.progress({ stage: 'writing votes', done: at + some.length, total: accepted.length });
    }
    return (await found('run', run.id, store.runs.get(run.id))).written;
  });
}

function summaryOf({ plan, accepted, replaces }: Writing): string {
  const after = replaces === null ? '' : `, in place of run ${replaces} after a correction`;
  const by = plan.answers[0]?.method.replaceAll('_', ' ') ?? 'no method';
  return `Spread labels to ${accepted.length} look-alikes by ${by} at ${Math.round(100 * plan.target)} %${after}`;
}

/** The run before it goes, and tasks that it labeled differently or not at all are put to people. Returns how many. */
async function replaceRun(
  deps: Deps,
  loops: Loops,
  project: Project,
  run: Run,
  replaces: number | undefined,
): Promise<number> {
  // Without a correction the run before it stays: it is out of force, and back when this one is undone.
  if (replaces === undefined) return 0;
  const [old, now] = [await votesOf(deps, replaces), await votesOf(deps, run.id)];
  await deps.store.runs.revoke(replaces);
  const changed = [...old].filter(([taskId, labels]) => now.get(taskId) !== labels).map(([taskId]) => taskId);
  return askAgain(deps, loops, project.id, changed, false);
}

async function votesOf({ store }: Deps, runId: number): Promise<Map<number, string>> {
  const all = new Map<number, string>();
  for (let after = 0; ; ) {
    const votes = await store.votes.ofRun(runId, { after, limit: 1_000 });
    if (votes.length === 0) return all;
    for (const { taskId, labelId } of votes) all.set(taskId, `${all.get(taskId) ?? ''} ${labelId}`);
    after = votes.at(-1)!.taskId;
  }
}
