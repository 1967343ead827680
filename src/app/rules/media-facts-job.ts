/** The job that finds out facts of media before rules are tried, and what a preview or report says while it is at work. */
import type { Job, Task } from '../../core/domain.ts';
import type { Json } from '../../core/json.ts';
import type { Rule } from '../../rules/index.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, refuseRetry, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { RuleMedia } from './api.ts';
import { factSourceOf, type KnownFacts, learnFacts } from './media-facts.ts';
import { wantedFacts } from './views.ts';

export const MEDIA_FACTS = 'media-facts';

/** Tasks between two reports of progress. */
const CHUNK = 64;
/** A file that could not be read is looked at again when rules are tried after this time: people put files right. */
const RETRY_MS = 60_000;
const SHOWN = 20;

interface Scope {
  readonly projectId: number;
  readonly config: ProjectConfig;
  readonly rules: readonly Rule[];
  /** All tasks of the project are meant, not only those that something is missing of. */
  readonly all: boolean;
}

/** Has the files looked at that nobody knows yet. Null when no rule asks for facts. */
export async function missingFacts(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  { projectId, config, rules, all }: Scope,
  { waiting, unreadable }: Pick<KnownFacts, 'waiting' | 'unreadable'>,
): Promise<RuleMedia | null> {
  const wanted = wantedFacts(rules, config);
  if (wanted === null) return null;
  const again = unreadable.filter(({ since }) => clock.now() - Date.parse(since) > RETRY_MS);
  const ids = [...waiting, ...again.map((one) => one.taskId)];
  const { pixels } = wanted;
  const job: Job | null =
    ids.length === 0
      ? null
      : await store.jobs.enqueue({
          kind: MEDIA_FACTS,
          projectId,
          params: { pixels, tasks: all ? null : ids },
          dedupeKey: `${MEDIA_FACTS}/${projectId}/${pixels}/${all}`,
        });
  const examples = unreadable.slice(0, SHOWN).map(({ taskId, reason }) => ({ taskId, reason }));
  return { waiting: waiting.length, job: job?.id ?? null, unreadable: unreadable.length, examples };
}

export function createMediaFactsHandler(deps: Deps, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const source = factSourceOf(configs.of(project));
    if (source === null) {
      refuseRetry(work, 'the label config shows nothing that has such facts');
      return { tasks: 0, unreadable: 0 };
    }
    const { pixels, tasks: asked } = work.job.params as { pixels: boolean; tasks: number[] | null };
    const ids = work.only ?? asked;
    const total = ids?.length ?? (await store.projects.counts(project.id)).tasks;
    const outcome = { tasks: 0, unreadable: 0 };
    const learning = { source, pixels, signal: work.signal, seen: new Map() };
    for await (const tasks of ids === null ? allTasks(deps, project.id) : someTasks(deps, ids)) {
      throwIfStopped(work.signal);
      const failed = await learnFacts(deps, tasks, learning);
      for (const [taskId, error] of failed) await work.itemFailed(taskId, error);
      outcome.tasks += tasks.length;
      outcome.unreadable += failed.size;
      await work.progress({ stage: `looking at ${source.kind} files`, done: outcome.tasks, total });
    }
    return outcome;
  };
}

async function* allTasks({ store }: Deps, projectId: number): AsyncGenerator<readonly Task[]> {
  for (let after = 0; ; ) {
    const tasks = await store.tasks.list(projectId, { after, limit: CHUNK });
    if (tasks.length === 0) return;
    yield tasks;
    after = tasks.at(-1)!.id;
  }
}

async function* someTasks({ store }: Deps, ids: readonly number[]): AsyncGenerator<readonly Task[]> {
  for (let at = 0; at < ids.length; at += CHUNK) {
    const tasks = await Promise.all(ids.slice(at, at + CHUNK).map((id) => store.tasks.get(id)));
    yield tasks.filter((task) => task !== undefined);
  }
}
