/**
 * Applying rules: a job that writes the votes of a saved document, chunk by chunk, under one run. Nobody sees a vote
 * before the run has ended well. A rule that fails loses the votes of its version everywhere, and all others stand.
 */
import type { RuleProgram } from '../../compute/rules-compute.ts';
import type { Job, Project, RuleDocument, Run, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import type { Rule, RuleFault, RuleProblem, RuleVotes } from '../../rules/index.ts';
import type { VoteRow } from '../../store/ports/votes.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { endedRun, takeBack } from '../jobs/whole-run.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { type Learning, learnFacts } from './media-facts.ts';
import { asParams, paramsOf, type RuleRunParams, reusable, rulesInForce } from './runs.ts';
import { documentOf, fittingRules, interact, programOf, rulesOf } from './source.ts';
import { writeSpans } from './spans.ts';
import { asksElsewhere, viewsOf, wantedFacts } from './views.ts';

export const APPLY_RULES = 'apply-rules';

export function enqueueRules({ store }: Deps, projectId: number, document: number): Promise<Job> {
  return store.jobs.enqueue({
    kind: APPLY_RULES,
    projectId,
    params: { document },
    dedupeKey: `${APPLY_RULES}/${projectId}/${document}`,
  });
}

/** Brings the rules in force to tasks that came after them. Undefined while no rules are applied. */
export async function enqueueRulesForNewTasks({ store }: Deps, projectId: number): Promise<Job | undefined> {
  const inForce = rulesInForce(await store.runs.list(projectId), []);
  if (!inForce) return undefined;
  return store.jobs.enqueue({
    kind: APPLY_RULES,
    projectId,
    params: { extends: inForce.run.id },
    dedupeKey: `${APPLY_RULES}/${projectId}/extends`,
  });
}

export function createRulesHandler(deps: Deps, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const ended = await endedRun(deps, work.job);
    if (ended) {
      await enqueueRulesForNewTasks(deps, projectId);
      return { runId: ended.id, document: paramsOf(ended).document, votes: ended.written };
    }
    for (let again = false; ; again = true) {
      const act = await planAct(deps, configs, work, again);
      if (act === null) return { votes: 0, reason: 'Nothing is left to apply.' };
      const outcome = await carryOut(deps, work, act);
      // Rules that strike out others' votes have done so with the failed one in play: all of it again, without it.
      if (outcome === 'again') continue;
      const run = await deps.store.runs.finish(act.run.id, 'done', outcome.votes + outcome.marked);
      await enqueueRulesForNewTasks(deps, projectId);
      return {
        runId: run.id,
        document: act.document.number,
        rules: act.rules.length,
        applied: act.program.rules.filter((rule) => rule.enabled).length,
        votes: outcome.votes,
        marked: outcome.marked,
        withdrawn: outcome.withdrawn,
        misfits: act.misfits.map(({ rule, message: reason }) => ({ rule, reason })),
        skipped: outcome.skipped,
        unreadable: outcome.unreadable,
      };
    }
  };
}

interface Act {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly document: RuleDocument;
  /** Rules of the document; a disabled one keeps its place. */
  readonly rules: readonly Rule[];
  /** What is wrong with rules of the document that cannot vote any more. */
  readonly misfits: readonly RuleProblem[];
  /** Labeler of each rule. */
  readonly labelers: readonly number[];
  readonly labelIds: readonly number[];
  /** The rules that have to be matched; the others are switched off in it. */
  readonly program: RuleProgram;
  readonly run: Run;
  /** Ordinals done by an earlier attempt at the same run. */
  readonly done: number;
  readonly resumed: boolean;
  /** Files looked at on the way. */
  readonly seen: Learning['seen'];
}

async function planAct(deps: Deps, configs: ProjectConfigs, work: JobWork, again: boolean): Promise<Act | null> {
  const { store } = deps;
  const { job } = work;
  const projectId = job.projectId!;
  const project = await found('project', projectId, store.projects.get(projectId));
  const config = configs.of(project);
  const runs = await store.runs.list(projectId);
  const root = typeof job.params.extends === 'number' ? job.params.extends : null;
  const inForce = rulesInForce(runs, []);
  if (root !== null && (inForce?.run.id !== root || inForce.to >= project.ordinals)) return null;
  const number = root === null ? Number(job.params.document) : paramsOf(inForce!.run).document;
  const document = await documentOf(deps, projectId, { number });
  // Asked for by hand, all rules have to fit; on new tasks those that still do go on.
  const { rules, misfits } =
    root === null
      ? { rules: await rulesOf(deps, project, config, document), misfits: [] }
      : await fittingRules(deps, config, document);
  const labelers = await Promise.all(rules.map((rule) => store.labelers.ensure('rule', rule.id, rule.version)));
  const ids = labelers.map((labeler) => labeler.id);
  const open = runs.find(
    (run) => run.kind === 'rules' && run.state === 'running' && run.revokedAt === null && run.params.job === job.id,
  );
  let faulty = new Set((await store.rules.faults(projectId)).map((fault) => fault.labelerId));
  if (open === undefined) throwIfStopped(work.signal);
  const run =
    open ?? (await startRun(deps, work, { project, document, rules, ids, faulty, root, from: inForce?.to ?? 0 }));
  if (open === undefined && root === null && !again) {
    // Asked for by hand, a rule that failed before gets another chance.
    await store.rules.clearFaults(projectId, ids);
    faulty = new Set();
  }
  const { control, classes } = config;
  const labels = control === null ? [] : await store.labels.sync(project.id, control.name, classes);
  const { applied } = paramsOf(run);
  const wanted = rules.map((rule, i) => ({
    ...rule,
    enabled: rule.enabled && applied.includes(ids[i]!) && !faulty.has(ids[i]!),
  }));
  return {
    project,
    config,
    document,
    rules,
    misfits,
    labelers: ids,
    labelIds: labels.map((label) => label.id),
    program: programOf(wanted, config),
    run,
    done: open === undefined ? 0 : job.done,
    resumed: open !== undefined,
    seen: new Map(),
  };
}

interface NewRun {
  readonly project: Project;
  readonly document: RuleDocument;
  readonly rules: readonly Rule[];
  /** Labeler of each rule. */
  readonly ids: readonly number[];
  readonly faulty: ReadonlySet<number>;
  readonly root: number | null;
  readonly from: number;
}

async function startRun(
  { store }: Deps,
  work: JobWork,
  { project, document, rules, ids, faulty, root, from }: NewRun,
): Promise<Run> {
  // Before the run is there: an attempt after a crash goes on from what the job says of it.
  await work.progress({ done: 0 });
  // What depends on other rules, or on models, files and answers of the day, cannot be taken over by a later document.
  const interacts = interact(rules) || asksElsewhere(rules);
  const labelers = ids.filter((_, i) => rules[i]!.enabled);
  const known = reusable(await store.runs.list(project.id));
  const keeps = root === null && !interacts && known.to === project.ordinals;
  const applied = keeps ? labelers.filter((id) => !known.labelers.has(id) || faulty.has(id)) : labelers;
  const params: RuleRunParams = {
    document: document.number,
    from: root === null ? 0 : from,
    to: project.ordinals,
    labelers,
    applied,
    sources: keeps ? known.sources : [],
    root,
    interacts,
  };
  const changed = applied.length === labelers.length ? '' : 'changed ';
  const what = `${applied.length} ${changed}${applied.length === 1 ? 'rule' : 'rules'}`;
  return store.runs.start({
    projectId: project.id,
    kind: 'rules',
    labelerId: null,
    summary: `Applied ${what} of document ${document.number}${root === null ? '' : ' to new tasks'}`,
    params: { ...asParams(params), job: work.job.id },
  });
}

interface Outcome {
  readonly votes: number;
  /** Tasks with spans, counted once for each rule that marked some. */
  readonly marked: number;
  /** Rule versions that failed, with the reason. */
  readonly withdrawn: { rule: string; reason: string }[];
  /** Texts that were too long for a pattern of a rule. */
  readonly skipped: number;
  /** Tasks whose files do not tell all that rules ask. */
  readonly unreadable: number;
}

async function carryOut(deps: Deps, work: JobWork, act: Act): Promise<Outcome | 'again'> {
  try {
    return await writeVotes(deps, work, act);
  } catch (error) {
    if (!work.stopping) await takeBack(deps, act.run.id);
    throw error;
  }
}

async function writeVotes(deps: Deps, work: JobWork, act: Act): Promise<Outcome | 'again'> {
  const { store, compute } = deps;
  const { from, to } = paramsOf(act.run);
  const total = to - from;
  const withdrawn: Outcome['withdrawn'] = [];
  const outcome = { votes: 0, skipped: 0, marked: 0, unreadable: 0 };
  let program = act.program;
  for (let at = from + act.done; at < to && program.rules.some((rule) => rule.enabled); ) {
    throwIfStopped(work.signal);
    const { ordinals } = await store.tasks.ordinals(act.project.id, at, LIMITS.jobChunkRows);
    const own = ordinals.filter((ordinal) => ordinal < to);
    if (own.length === 0) break;
    const tasks = await store.tasks.byOrdinals(act.project.id, [...own]);
    outcome.unreadable += await lookAtMedia(deps, work, act, program, tasks);
    const { views } = await viewsOf(store, act.config, program.rules, tasks);
    const { votes } = await compute.rules.match(program, views, 0);
    for (const fault of votes.faults) {
      withdrawn.push({ rule: act.rules[fault.rule]!.id, reason: fault.error.message });
      await noteFault(deps, work, act, fault, tasks[fault.task]!.id);
    }
    if (votes.faults.length > 0) {
      if (paramsOf(act.run).interacts) {
        await takeBack(deps, act.run.id);
        return 'again';
      }
      program = programWithout(program, votes.faults);
    }
    for (const count of votes.skipped.values()) outcome.skipped += count;
    await store.votes.write(act.run.id, rowsOf(act, votes, tasks));
    outcome.marked += await writeSpans(deps, act, votes, tasks, act.resumed && at === from + act.done);
    at = own.at(-1)! + 1;
    await work.progress({ stage: `rules of document ${act.document.number}`, done: at - from, total });
  }
  await work.progress({ done: total, total });
  const { written } = await found('run', act.run.id, store.runs.get(act.run.id));
  return { ...outcome, votes: written, withdrawn };
}

/** Rules that ask for facts keep silent on files that cannot be read; each is listed with the job. */
async function lookAtMedia(
  deps: Deps,
  work: JobWork,
  { config, seen }: Act,
  program: RuleProgram,
  tasks: readonly Task[],
): Promise<number> {
  const wanted = wantedFacts(program.rules, config);
  if (wanted === null) return 0;
  const failed = await learnFacts(deps, tasks, { ...wanted, signal: work.signal, seen });
  for (const [taskId, error] of failed) await work.itemFailed(taskId, error);
  return failed.size;
}

function noteFault({ store }: Deps, work: JobWork, act: Act, fault: RuleFault, taskId: number): Promise<unknown> {
  return Promise.all([
    store.rules.addFault(act.project.id, act.labelers[fault.rule]!, fault.error),
    work.itemFailed(taskId, AppError.fromPlain(fault.error)),
  ]);
}

function programWithout(program: RuleProgram, faults: readonly RuleFault[]): RuleProgram {
  const failed = new Set(faults.map((fault) => fault.rule));
  const rules = program.rules.map((rule, i) => (failed.has(i) ? { ...rule, enabled: false } : rule));
  return { ...program, key: `${program.key}-${[...failed].join('-')}`, rules };
}

/** Votes of the rules that label whole tasks. */
function rowsOf({ rules, ...act }: Act, votes: RuleVotes, tasks: readonly Pick<Task, 'id' | 'ordinal'>[]): VoteRow[] {
  return Array.from(votes.tasks, (task, i) => ({ task, i })).flatMap(({ task, i }) => {
    const rule = votes.rules[i]!;
    if (rules[rule]!.spans !== null) return [];
    const labelId = act.labelIds[votes.labels[i]!]!;
    const { id: taskId, ordinal } = tasks[task]!;
    return [{ taskId, ordinal, labelId, labelerId: act.labelers[rule]!, score: 1 }];
  });
}
