/** A labeled span proposed at all its occurrences: one run of stored predictions, written whole or not at all. */
import type { Job, Prediction, Project, Region, Task } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import { type Json, stableHash } from '../core/json.ts';
import { type Control, controlNamed, valueAt } from '../labelconfig/index.ts';
import { sameSpans, type TextSpan } from '../propagation/index.ts';
import type { Deps } from './deps.ts';
import { type JobWork, throwIfStopped } from './job-runner.ts';
import { found } from './lookup.ts';
import type { ProjectConfig, ProjectConfigs } from './project-config.ts';
import type { SpanSpreadRequest } from './spread-api.ts';
import { wholeRun } from './whole-run.ts';

export const SPREAD_SPANS = 'spread-spans';

const READ_CHUNK = 500;
/** Tasks with occurrences of one act: beyond, the words are too common to be worth proposing. */
const PREDICTIONS_MAX = 50_000;

interface Wanted {
  readonly control: Control;
  readonly field: string;
  readonly region: Region;
  readonly words: string;
}

/** Checked before it is queued, so that a span that cannot spread is refused at once. */
export async function enqueueSpans(
  deps: Deps,
  configs: ProjectConfigs,
  projectId: number,
  request: SpanSpreadRequest,
): Promise<Job> {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const task = await found('task', request.taskId, deps.store.tasks.get(request.taskId));
  if (task.projectId !== projectId)
    throw new AppError('NOT_FOUND', `There is no task ${request.taskId} in project ${projectId}.`);
  wantedOf(configs.of(project), task, request.region);
  return deps.store.jobs.enqueue({ kind: SPREAD_SPANS, projectId, params: { ...request } });
}

export function createSpansHandler(deps: Deps, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const request = work.job.params as unknown as SpanSpreadRequest;
    const source = await found('task', request.taskId, store.tasks.get(request.taskId));
    const wanted = wantedOf(configs.of(project), source, request.region);
    const start = {
      kind: 'propagation',
      labelerId: null,
      summary: `Proposed "${wanted.words.slice(0, 60)}" wherever it occurs again`,
      params: { spans: true, source: source.id },
    } as const;
    let spans = 0;
    const run = await wholeRun(deps, work, start, async ({ id }) => {
      const labeler = await store.labelers.ensure('neighbour', String(id), 'same_span');
      const found = await occurrences(deps, work, project, { request, wanted, labelerId: labeler.id, runId: id });
      if (found.length > 0) await store.predictions.add(found);
      spans = found.reduce((sum, one) => sum + one.result.length, 0);
      return found.length;
    });
    return { runId: run.id, tasks: run.written, spans };
  };
}

type NewPrediction = Omit<Prediction, 'id' | 'createdAt'>;

async function occurrences(
  deps: Deps,
  work: JobWork,
  project: Project,
  of: { request: SpanSpreadRequest; wanted: Wanted; labelerId: number; runId: number },
): Promise<NewPrediction[]> {
  const { store } = deps;
  const { request, wanted, labelerId, runId } = of;
  const all: NewPrediction[] = [];
  const look = async (tasks: readonly Task[]): Promise<void> => {
    const taken = await takenSpans(deps, tasks, wanted);
    for (const task of tasks) {
      const text = valueAt(task.data, wanted.field);
      if (typeof text !== 'string') continue;
      const { wholeWords, foldCase } = request;
      const search = {
        ...(wholeWords === undefined ? {} : { wholeWords }),
        ...(foldCase === undefined ? {} : { foldCase }),
      };
      const own = task.id === request.taskId ? [spanOf(wanted.region)!] : [];
      const spans = sameSpans(wanted.words, text, [...(taken.get(task.id) ?? []), ...own], search);
      if (spans.length === 0) continue;
      const result = spans.map((span) => regionAt(wanted, text, span));
      all.push({ projectId: project.id, taskId: task.id, labelerId, runId, result, score: null });
    }
    if (all.length > PREDICTIONS_MAX) {
      throw new AppError(
        'LIMIT_SIZE',
        `"${wanted.words}" occurs in more than ${PREDICTIONS_MAX} tasks; label a longer span.`,
      );
    }
  };
  if (request.scope === 'task') {
    await look([await found('task', request.taskId, store.tasks.get(request.taskId))]);
    return all;
  }
  const { tasks: total } = await store.projects.counts(project.id);
  for (let after = 0, done = 0; ; ) {
    throwIfStopped(work.signal);
    const tasks = await store.tasks.list(project.id, { after, limit: READ_CHUNK });
    if (tasks.length === 0) return all;
    await look(tasks);
    done += tasks.length;
    after = tasks.at(-1)!.id;
    await work.progress({ stage: 'looking for the span', done, total: Math.max(total, done) });
  }
}

/** Spans that people gave under the same control: there is nothing to propose. */
async function takenSpans({ store }: Deps, tasks: readonly Task[], wanted: Wanted): Promise<Map<number, TextSpan[]>> {
  const taken = new Map<number, TextSpan[]>();
  for (const { taskId, result } of await store.annotations.ofTasks(tasks.map((task) => task.id))) {
    const spans = result.flatMap((region) => (region.from_name === wanted.control.name ? (spanOf(region) ?? []) : []));
    taken.set(taskId, [...(taken.get(taskId) ?? []), ...spans]);
  }
  return taken;
}

/** The plain text span of a region; null for any other. */
export function spanOf({ value }: Region): TextSpan | null {
  const { start, end } = (typeof value === 'object' && value !== null ? value : {}) as {
    start?: unknown;
    end?: unknown;
  };
  const fits = Number.isInteger(start) && Number.isInteger(end) && Number(start) >= 0 && Number(start) < Number(end);
  return fits ? { start: Number(start), end: Number(end) } : null;
}

function wantedOf(config: ProjectConfig, task: Task, region: Region): Wanted {
  const control = controlNamed(config.parsed, String(region.from_name ?? ''));
  const object = config.parsed.objects.find((one) => one.name === region.to_name);
  const text = object?.field == null ? undefined : valueAt(task.data, object.field);
  const span = spanOf(region);
  if (control?.kind !== 'span' || object?.kind !== 'text' || typeof text !== 'string' || span === null) {
    throw new AppError('INPUT_BAD_FIELD', 'Only a labeled span of a text can be looked for elsewhere.', {
      details: { field: 'region' },
    });
  }
  const words = text.slice(span.start, span.end);
  if (words.trim() === '') {
    throw new AppError('INPUT_BAD_FIELD', 'The span holds no words.', { details: { field: 'region' } });
  }
  return { control, field: object.field!, region, words };
}

function regionAt({ control, region }: Wanted, text: string, { start, end }: TextSpan): Region {
  const labels = (region.value as Region)[control.valueKey] ?? [];
  const made: Region = {
    from_name: control.name,
    to_name: region.to_name!,
    type: control.type,
    value: { start, end, text: text.slice(start, end), [control.valueKey]: labels },
  };
  return { id: stableHash([made, start]).slice(0, 10), ...made };
}
